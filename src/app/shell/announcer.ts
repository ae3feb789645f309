// The page's voice for screen readers: one polite live region, fed sparsely.
import { type ReadonlySignal, signal } from '@preact/signals';

export interface Announcement {
  /** Makes a repeated text a new announcement. */
  readonly id: number;
  readonly text: string;
}

export interface Announcer {
  readonly current: ReadonlySignal<Announcement>;
  /** Something that happened: always said. */
  say(text: string): void;
  /** Something under way: said at most every few seconds, and never twice in a row. */
  murmur(text: string): void;
}

/** Quiet time between murmurs, ms: a screen reader must be able to finish a sentence. */
const QUIET = 4000;

export function createAnnouncer(now: () => number = () => performance.now()): Announcer {
  const current = signal<Announcement>({ id: 0, text: '' });
  let last = Number.NEGATIVE_INFINITY;
  const say = (text: string) => {
    last = now();
    current.value = { id: current.peek().id + 1, text };
  };
  return {
    current,
    say,
    murmur(text) {
      if (text !== current.peek().text && now() - last >= QUIET) say(text);
    },
  };
}
