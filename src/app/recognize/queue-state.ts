// The state of the queue of photos and every step that it can take, as pure functions over plain data.
import type { PlainError } from '../../errors.ts';
import type { Progress, Stage } from '../../progress.ts';
import type { Verdict } from '../../verdict.ts';

/** The stages of one photo, in order; engine loading is not among them. */
export const PHOTO_STAGES = ['decode', 'encode', 'search', 'rerank', 'match', 'decide'] as const;
export type PhotoStage = (typeof PHOTO_STAGES)[number];

export type PhotoState =
  | { readonly state: 'queued' }
  /** `stage` is null until the engine reports the first. `share` is 0..1 within the stage. */
  | { readonly state: 'working'; readonly stage: PhotoStage | null; readonly share: number }
  | { readonly state: 'done'; readonly verdict: Verdict; readonly elapsed: number }
  | { readonly state: 'failed'; readonly error: PlainError };

export interface PhotoItem {
  readonly id: number;
  readonly name: string;
  readonly blob: Blob;
  /** Object URL of the photo, or of a copy where the browser cannot show it; whoever removes the item revokes it. */
  readonly url: string;
  /** Whether `url` is a copy's, whose pixels are not the photo's. */
  readonly copied: boolean;
  /** Pixels of the photo, upright; null until the thumbnail is loaded, or when it cannot be. */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** ISO 3166-1 alpha-2 of the only country whose landmarks are looked for; null for all. */
  readonly country: string | null;
  readonly at: PhotoState;
}

export type QueueAction =
  | { readonly do: 'add'; readonly items: readonly Omit<PhotoItem, 'at' | 'size' | 'copied'>[] }
  | { readonly do: 'start'; readonly id: number }
  | { readonly do: 'progress'; readonly id: number; readonly progress: Progress }
  | {
      readonly do: 'finish';
      readonly id: number;
      readonly verdict: Verdict;
      readonly elapsed: number;
    }
  | { readonly do: 'fail'; readonly id: number; readonly error: PlainError }
  | { readonly do: 'again'; readonly id: number }
  | { readonly do: 'measure'; readonly id: number; readonly width: number; readonly height: number }
  /** A copy to show in place of the photo, which has these pixels. */
  | {
      readonly do: 'show';
      readonly id: number;
      readonly url: string;
      readonly width: number;
      readonly height: number;
    }
  | { readonly do: 'remove'; readonly id: number }
  | { readonly do: 'clear' };

export type Queue = readonly PhotoItem[];

/**
 * The next state. A step that no longer fits (progress of a removed photo, a verdict for one that was
 * stopped) leaves the queue as it is, the same object: late answers of workers are normal.
 */
export function step(queue: Queue, action: QueueAction): Queue {
  switch (action.do) {
    case 'add':
      return [
        ...queue,
        ...action.items.map((item) => ({
          ...item,
          copied: false,
          size: null,
          at: { state: 'queued' } as const,
        })),
      ];
    case 'start':
      return move(queue, action.id, 'queued', { state: 'working', stage: null, share: 0 });
    case 'progress': {
      const item = queue.find((one) => one.id === action.id);
      if (item?.at.state !== 'working') return queue;
      const next = advance(item.at, action.progress);
      return next === item.at ? queue : replace(queue, { ...item, at: next });
    }
    case 'finish':
      return move(queue, action.id, 'working', {
        state: 'done',
        verdict: action.verdict,
        elapsed: action.elapsed,
      });
    case 'fail':
      return move(queue, action.id, 'working', { state: 'failed', error: action.error });
    case 'again':
      return move(queue, action.id, 'failed', { state: 'queued' });
    case 'measure': {
      const item = queue.find((one) => one.id === action.id);
      if (!item || item.copied) return queue;
      return replace(queue, { ...item, size: { width: action.width, height: action.height } });
    }
    case 'show': {
      const item = queue.find((one) => one.id === action.id);
      if (!item) return queue;
      const { url, width, height } = action;
      return replace(queue, { ...item, url, copied: true, size: { width, height } });
    }
    case 'remove':
      return queue.some((item) => item.id === action.id)
        ? queue.filter((item) => item.id !== action.id)
        : queue;
    case 'clear':
      return queue.length === 0 ? queue : [];
  }
}

/** The photo to work on next: the first queued one, unless one is being worked on. */
export function nextUp(queue: Queue): PhotoItem | null {
  if (queue.some((item) => item.at.state === 'working')) return null;
  return queue.find((item) => item.at.state === 'queued') ?? null;
}

export interface Tally {
  readonly total: number;
  /** Done or failed. */
  readonly settled: number;
}

export function tally(queue: Queue): Tally {
  const settled = queue.filter(({ at }) => at.state === 'done' || at.state === 'failed').length;
  return { total: queue.length, settled };
}

/** Where a stage stands while the photo is at `current`. */
export function stageStanding(
  stage: PhotoStage,
  current: PhotoStage | null,
): 'past' | 'now' | 'ahead' {
  if (current === null) return 'ahead';
  const here = PHOTO_STAGES.indexOf(stage);
  const there = PHOTO_STAGES.indexOf(current);
  return here < there ? 'past' : here === there ? 'now' : 'ahead';
}

/** Stones of the little cairn that grows while a photo is worked on: one for each stage behind it, 0..4. */
export function stonesLaid(at: PhotoState): number {
  if (at.state !== 'working' || at.stage === null) return 0;
  // Matching lays none: photos of collections that keep nothing to match pass it by.
  const behind = PHOTO_STAGES.indexOf(at.stage);
  return behind >= PHOTO_STAGES.indexOf('match') ? behind - 1 : behind;
}

function isPhotoStage(stage: Stage): stage is PhotoStage {
  return (PHOTO_STAGES as readonly Stage[]).includes(stage);
}

/** Stages only go forward: a second search after query expansion must not make the display jump back. */
function advance(
  at: Extract<PhotoState, { state: 'working' }>,
  { stage, done, total }: Progress,
): Extract<PhotoState, { state: 'working' }> {
  if (!isPhotoStage(stage)) return at;
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const standing = stageStanding(stage, at.stage);
  if (standing === 'past') return at;
  if (standing === 'now' && share <= at.share) return at;
  return { state: 'working', stage, share };
}

function move(queue: Queue, id: number, from: PhotoState['state'], at: PhotoState): Queue {
  const item = queue.find((one) => one.id === id);
  return item?.at.state === from ? replace(queue, { ...item, at }) : queue;
}

function replace(queue: Queue, item: PhotoItem): Queue {
  return queue.map((one) => (one.id === item.id ? item : one));
}
