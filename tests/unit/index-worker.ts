// `cairn index` in a process of its own, for tests that kill it: with shards as small as asked for, and a line on
// stdout for each step. Arguments: source, folder, encoder, bytes of a shard, and how many changes to files it makes
// before it kills itself.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { indexFolder } from '../../src/cli/index-folder.ts';
import { openModel } from '../../src/cli/models.ts';
import { reportFailure } from '../../src/cli/output.ts';
import { listSource } from '../../src/cli/photo-list.ts';
import type { OnProgress } from '../../src/progress.ts';

const [source = '', folder = '', id = '', shardBytes = '0', most = 'Infinity'] =
  process.argv.slice(2);
const tell = (...words: (string | number)[]) => process.stdout.write(`${words.join(' ')}\n`);
const steps =
  (what: string): OnProgress =>
  ({ done }) =>
    tell(what, done);

let changes = 0;
for (const name of ['mkdir', 'mkdtemp', 'open', 'rename', 'rm', 'rmdir'] as const) {
  const change = fs.promises[name] as (...args: unknown[]) => Promise<unknown>;
  const counted = (...args: unknown[]) => {
    if (changes >= Number(most)) process.kill(process.pid, 'SIGKILL');
    changes += 1;
    return change(...args);
  };
  Object.assign(fs.promises, { [name]: counted });
}
syncBuiltinESMExports();

try {
  const photos = await listSource(source);
  const model = await openModel(id);
  let encoded = 0;
  const encoder: typeof model.encoder = Object.create(model.encoder, {
    encode: {
      value: async (photo: Uint8Array) => {
        const result = await model.encoder.encode(photo);
        encoded += 1;
        return result;
      },
    },
  });
  const meta = { name: 'drawn', licence: 'CC0', attribution: 'code', facts: new Map() };
  await indexFolder(
    folder,
    {
      photos,
      model: { ...model, encoder },
      meta,
      write: { maxShardBytes: Number(shardBytes) },
    },
    {
      onBeginning: (beginning) => tell(beginning),
      onProgress: { encode: steps('encode'), write: steps('write') },
    },
  );
  tell('changes', changes);
  tell('encoded', encoded);
} catch (thrown) {
  process.exitCode = reportFailure(thrown);
}
