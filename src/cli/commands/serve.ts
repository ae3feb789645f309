// `cairn serve`: a collection over HTTP, for pages and commands that keep none of it themselves.
import { CairnError } from '../../errors.ts';
import { openForSearch } from '../collections.ts';
import { readNumber, WHOLE } from '../flags.ts';
import { note, usage } from '../output.ts';
import { RATE } from '../serve/rate-limit.ts';
import { startService } from '../serve/service.ts';

export interface ServeOptions {
  readonly collection?: string;
  readonly host: string;
  readonly port: string;
  readonly rate: string;
  readonly origin?: readonly string[];
}

/** Until SIGINT or SIGTERM. */
export async function serve(options: ServeOptions): Promise<void> {
  const port = readNumber('--port', options.port, { whole: true, least: 0, most: 65_535 });
  const perSecond = readNumber('--rate', options.rate, WHOLE);
  const origins = (options.origin ?? []).map(readOrigin);
  const open = await openForSearch(options.collection, { graphs: 'eager' });
  const { name, labels, rows } = await open.describe();
  const service = await startService(open, {
    host: options.host,
    port,
    origins,
    rate: { ...RATE, perSecond, burst: 2 * perSecond },
    onFault: (thrown) =>
      note(`cairn: ${thrown instanceof CairnError ? thrown.message : String(thrown)}`),
  });
  note(`${name}: ${labels.length} labels, ${rows} rows.`);
  // The one line on stdout, for whoever starts it and waits for its address.
  process.stdout.write(`${service.address}\n`);
  await stopSignal();
  note('stopping');
  await service.close();
  await open.close();
}

function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
}

function readOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol) && url.origin === text) return text;
  throw usage(
    `--origin ${text} is no origin.`,
    'Give scheme, host and port alone, such as https://photos.example.org.',
  );
}
