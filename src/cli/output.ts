// What commands print: one JSON document or JSON lines on stdout, everything else on stderr.
import { CairnError, toCairnError } from '../errors.ts';
import type { OnProgress } from '../progress.ts';
import { leftText, Pace } from './pace.ts';

export function printJson(value: unknown, { lines = false } = {}): void {
  process.stdout.write(`${JSON.stringify(value, null, lines ? undefined : 2)}\n`);
}

/** A line on stderr. */
export function note(text: string): void {
  process.stderr.write(`${visible(text)}\n`);
}

/** A line on stdout, in words. */
export function say(text: string): void {
  process.stdout.write(`${visible(text)}\n`);
}

/**
 * Titles come from collections, names from photos, refusals from services: none may command the terminal, or change the
 * order of what is read. Lines and tabs stay.
 */
export function visible(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must go
    /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g,
    '\uFFFD',
  );
}

/**
 * Progress on one line of a terminal, a line for every tenth when stderr goes to a file; with the time that is left,
 * once there is a pace to tell it from.
 */
export function progressLine(what: string): OnProgress {
  const pace = new Pace();
  let lastTenth = -1;
  return ({ done, total, unit }) => {
    const tenth = total > 0 ? Math.floor((10 * done) / total) : -1;
    const left = pace.left(performance.now() / 1000, done, total);
    const text = `${what}: ${done} of ${total} ${unit}${left === null ? '' : `, ${leftText(left)}`}`;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r${text}${CLEAR_LINE}${done >= total ? '\n' : ''}`);
    } else if (tenth > lastTenth) {
      note(text);
    }
    lastTenth = Math.max(lastTenth, tenth);
  };
}

/** Of a terminal: what is right of the cursor goes. */
const CLEAR_LINE = '\x1b[K';

/** Codes that are the user's to mend; everything else is a fault of ours. */
const OURS: readonly CairnError['code'][] = ['internal', 'inference-failed', 'worker-crashed'];

/** One line on stderr; 2 for bad use or bad input, 1 for a fault of ours. */
export function reportFailure(thrown: unknown): 1 | 2 {
  const error = toCairnError(thrown);
  note(`cairn: ${error.message} ${error.remedy}`);
  if (!OURS.includes(error.code)) return 2;
  if (process.env.CAIRN_DEBUG && thrown instanceof Error) note(thrown.stack ?? '');
  return 1;
}

export function usage(message: string, remedy = 'See `cairn help`.'): CairnError {
  return new CairnError('usage', message, remedy);
}
