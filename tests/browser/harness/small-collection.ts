// A small collection of clustered vectors in two shards, as the index tests' page downloads it.
import { writeCollectionFolder } from '../../../src/retrieval/write-folder.ts';
import { writeCollection } from '../../../src/retrieval/writer.ts';
import { headOf, randomUnits, rowsOf } from '../../unit/retrieval-fixtures.ts';

export const SMALL = { rows: 600, labels: 60, dim: 32, shardBytes: 16_384 } as const;
/** How far a row lies from its label's centre, relative to the centre's length. */
const SPREAD = 0.5;

export async function writeSmallCollection(folder: string): Promise<void> {
  const { rows, labels, dim, shardBytes } = SMALL;
  const centres = randomUnits(labels, dim, 5);
  const clustered = rowsOf(rows, labels, dim, 6).map((row) => {
    const at = row.label * dim;
    const moved = row.embedding.map((x, i) => SPREAD * x + centres[at + i]!);
    const norm = Math.hypot(...moved);
    return { ...row, embedding: moved.map((x) => x / norm) };
  });
  await writeCollectionFolder(
    folder,
    writeCollection(headOf(labels, dim), clustered, { maxShardBytes: shardBytes }),
  );
}
