// What commands print: one JSON document or JSON lines on stdout, everything else on stderr.
import { CairnError, toCairnError } from '../errors.ts';
import type { OnProgress } from '../progress.ts';
import { leftText, Pace } from './pace.ts';

export function printJson(value: unknown, { lines = false } = {}): void {
  process.stdout.write(`${JSON.stringify(value, null, lines ? undefined : 2)}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`);
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
