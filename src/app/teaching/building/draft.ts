// A plan while the user may change it, and what is kept of it once it is started.
import { type KeptPlan, newPlan } from './build-keep.ts';
import type { Draft } from './building.ts';
import { roomNeeded } from './estimates.ts';
import type { FolderPlan } from './folder-plan.ts';

export interface DraftFacts {
  /** Numbers of an embedding. */
  readonly dim: number;
  /** Bytes of a small copy. */
  readonly copyBytes: number;
  /** Bytes that the browser would still store; null where it does not say. */
  readonly left: number | null;
}

export function draftOf(plan: FolderPlan, facts: DraftFacts): Draft {
  const landmarks = plan.landmarks.map((one) => ({ ...one, included: true }));
  const draft = { plan, landmarks, copies: true, error: null };
  return { ...draft, room: roomOf(draft, facts) };
}

/** The draft with a landmark changed. */
export function withLandmark(
  draft: Draft,
  place: number,
  change: Partial<Draft['landmarks'][number]>,
  facts: DraftFacts,
): Draft {
  const { landmarks } = draft;
  const old = landmarks[place];
  if (!old) return draft;
  const next = { ...draft, landmarks: landmarks.with(place, { ...old, ...change }) };
  return change.included === undefined ? next : { ...next, room: roomOf(next, facts) };
}

export type DraftProblem = 'no-landmark' | 'no-name' | 'no-room' | 'no-room-at-all';

/** Why it cannot be started as it stands; null when it can. */
export function problemOf({ landmarks, copies, room }: Draft): DraftProblem | null {
  const wanted = landmarks.filter(({ included }) => included);
  if (wanted.length === 0) return 'no-landmark';
  if (wanted.some(({ title }) => title.trim() === '')) return 'no-name';
  if (room.left === null) return null;
  if (room.rows > room.left) return 'no-room-at-all';
  return copies && room.rows + room.copies > room.left ? 'no-room' : null;
}

/** What is learned of it. */
export function keptPlan({ plan, landmarks, copies }: Draft): KeptPlan {
  const places = new Map<number, number>();
  for (const [place, { included }] of landmarks.entries()) {
    if (included) places.set(place, places.size);
  }
  return newPlan({
    landmarks: landmarks
      .filter(({ included }) => included)
      .map(({ title }) => ({ title: title.trim() })),
    files: plan.files.flatMap((file) => {
      const landmark = places.get(file.landmark);
      return landmark === undefined ? [] : [{ ...file, landmark }];
    }),
    aside: plan.aside,
    copies,
  });
}

function roomOf(
  { plan, landmarks }: Pick<Draft, 'plan' | 'landmarks'>,
  { dim, copyBytes, left }: DraftFacts,
): Draft['room'] {
  const files = plan.files.filter(({ landmark }) => landmarks[landmark]!.included);
  return { ...roomNeeded(files, dim, copyBytes), left };
}
