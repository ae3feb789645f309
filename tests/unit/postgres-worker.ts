// A worker of the queue in a process of its own, for tests that kill it: URL, folder, milliseconds a photo.
import { basename, join } from 'node:path';
import { indexWorker } from '../../src/cli/postgres/index-worker.ts';
import { parseAddress } from '../../src/retrieval/postgres/address.ts';
import { Database } from '../../src/retrieval/postgres/database.ts';
import { openTestQueue, vectorOf } from './postgres-fixtures.ts';

const [url = '', folder = '', ms = '0', lease = '2'] = process.argv.slice(2);
const db = new Database(parseAddress(url));
const leaseSeconds = Number(lease);
const queue = await openTestQueue(db, folder, { worker: `test-${process.pid}`, leaseSeconds });
process.stdout.write('ready\n');
const report = await indexWorker({
  queue,
  leaseSeconds,
  fileOf: ({ path }) => join(folder, path),
  encode: async (bytes) => {
    await new Promise((done) => setTimeout(done, Number(ms)));
    process.stdout.write(`${basename(folder)}\n`);
    return vectorOf(bytes);
  },
  bankSimilarity: () => 0.25,
});
await db.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
