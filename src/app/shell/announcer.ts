// The page's voice for screen readers: one polite log, fed sparsely.
import { type ReadonlySignal, signal } from '@preact/signals';

export interface Announcement {
  /** Makes a repeated text a new announcement. */
  readonly id: number;
  readonly text: string;
}

export interface Announcer {
  /**
   * What was said last, oldest first. A screen reader needs a moment to find a text, so one that comes right behind
   * another must not take its place.
   */
  readonly lines: ReadonlySignal<readonly Announcement[]>;
  /** Something that happened: always said. */
  say(text: string): void;
  /** Something under way: said at most every few seconds, and never twice in a row. */
  murmur(text: string): void;
}

/** Quiet time between murmurs, ms: a screen reader must be able to finish a sentence. */
const QUIET = 4000;

/** Lines kept. Who walks the page line by line meets them at its end. */
const KEPT = 6;

export function createAnnouncer(now: () => number = () => performance.now()): Announcer {
  const lines = signal<readonly Announcement[]>([]);
  let last = Number.NEGATIVE_INFINITY;
  const say = (text: string) => {
    last = now();
    const id = (lines.peek().at(-1)?.id ?? 0) + 1;
    lines.value = [...lines.peek(), { id, text }].slice(-KEPT);
  };
  return {
    lines,
    say,
    murmur(text) {
      if (text !== lines.peek().at(-1)?.text && now() - last >= QUIET) say(text);
    },
  };
}
