// What commands print: one JSON document or JSON lines on stdout, everything else on stderr.
import { CairnError, toCairnError } from '../errors.ts';
import type { OnProgress } from '../progress.ts';

export function printJson(value: unknown, { lines = false } = {}): void {
  process.stdout.write(`${JSON.stringify(value, null, lines ? undefined : 2)}\n`);
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Progress on one line of a terminal; a line for every tenth when stderr goes to a file. */
export function progressLine(what: string): OnProgress {
  let lastTenth = -1;
  return ({ done, total, unit }) => {
    const tenth = total > 0 ? Math.floor((10 * done) / total) : -1;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r${what}: ${done} of ${total} ${unit}${done >= total ? '\n' : ''}`);
    } else if (tenth > lastTenth) {
      note(`${what}: ${done} of ${total} ${unit}`);
    }
    lastTenth = Math.max(lastTenth, tenth);
  };
}

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
