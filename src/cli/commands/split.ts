// `cairn split`: draws the validation protocol, once.
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawValidationSplit } from '../../evaluation/protocol.ts';
import { SPLIT_FILE } from '../describe-photos.ts';
import { modelsFolder } from '../models.ts';
import { printJson, usage } from '../output.ts';
import { readManifests } from '../photo-list.ts';

export async function split(options: { manifest: string[]; force?: boolean }): Promise<void> {
  const file = join(modelsFolder(), SPLIT_FILE);
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists && !options.force) {
    throw usage(
      `${file} exists: every choice so far was made on it.`,
      'Pass --force to draw it again, and then fit and tune everything anew.',
    );
  }
  const drawn = drawValidationSplit(await readManifests(options.manifest));
  await writeFile(file, `${JSON.stringify(drawn, null, 2)}\n`);
  printJson({
    file,
    newLandmarks: Object.keys(drawn.newLandmarks).length,
    unlistedLandmarks: drawn.unlistedLandmarks.length,
    sources: Object.keys(drawn.negatives).length,
  });
}
