// How long work will still take. Told from the pace of late: the first photos of a run that goes on come from
// the cache, and say nothing of the rest.

/** Seconds that are looked back on; with slow steps, at least so many of them. */
const WINDOW = { seconds: 60, steps: 5 } as const;
/** Seconds between two marks, and before the first guess. */
const MARK_SECONDS = 1;
const FIRST_GUESS_SECONDS = 5;

export class Pace {
  /** Oldest first. */
  readonly #marks: { readonly at: number; readonly done: number }[] = [];

  /**
   * @param at seconds, of a clock that only goes forward
   * @returns seconds; null while too little is known
   */
  left(at: number, done: number, total: number): number | null {
    const marks = this.#marks;
    const last = marks.at(-1);
    if (!last || at - last.at >= MARK_SECONDS) marks.push({ at, done });
    while (marks.length > WINDOW.steps && at - marks[0]!.at > WINDOW.seconds) marks.shift();
    const first = marks[0]!; // one was there, or was pushed
    const seconds = at - first.at;
    if (seconds < FIRST_GUESS_SECONDS || done <= first.done || total <= done) return null;
    return ((total - done) * seconds) / (done - first.done);
  }
}

/** `about 12 min left`. */
export function leftText(seconds: number): string {
  const [value, unit] =
    seconds < 90 ? [seconds, 's'] : seconds < 5400 ? [seconds / 60, 'min'] : [seconds / 3600, 'h'];
  return `about ${unit === 'h' && value < 10 ? value.toFixed(1) : Math.ceil(value)} ${unit} left`;
}
