// Photos that one browser reads otherwise than another.
import type { SeenPhoto } from './in-page.ts';

export interface Difference {
  readonly photo: string;
  readonly here: string;
  readonly there: string;
  /**
   * Another outcome, or similarities further apart than {@link NOTICEABLE}; else rounding and decoders. Of a damaged photo
   * some browsers show what they can.
   */
  readonly serious: boolean;
}

/** Of the most similar label's cosine; pages show two digits. */
const NOTICEABLE = 0.02;

/** @param there the reference; photos that it lacks are left out @param here what is compared with it */
export function otherwise(
  there: readonly SeenPhoto[],
  here: readonly SeenPhoto[],
): readonly Difference[] {
  return here.flatMap((photo) => {
    const other = there.find(({ name }) => name === photo.name);
    if (!other) return [];
    const [mine, its] = [summary(photo), summary(other)];
    if (mine === its) return [];
    const lenient = other.error === 'photo-corrupt' && photo.state === 'done';
    const sameKind =
      photo.state === other.state && photo.label === other.label && photo.error === other.error;
    const apart = Math.abs(similarity(photo) - similarity(other));
    const serious = !lenient && (!sameKind || apart > NOTICEABLE + 1e-9);
    return [{ photo: photo.name, here: mine, there: its, serious }];
  });
}

function summary({ state, label, error, candidates }: SeenPhoto): string {
  return [state, error ?? label ?? 'no landmark', candidates[0] ?? ''].join(', ');
}

/** The number at the end of the first candidate's row; 0 without any. */
function similarity({ candidates }: SeenPhoto): number {
  return Number(/[\d.]+$/.exec(candidates[0] ?? '')?.[0] ?? 0);
}
