// The shipped decision fits the shipped models: trees as their text says, trained for this bank, model and matcher;
// and every bank lies in the basis of the whitening that photos are embedded with.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openModel, readRegistry } from '../../src/cli/models.ts';
import { parseManifest } from '../../src/evaluation/manifest.ts';
import { roleOf, type ValidationSplit } from '../../src/evaluation/protocol.ts';
import { exportedTrees } from '../../src/rerank/exported/index.ts';
import pair from '../../src/rerank/exported/lite0-lite2.generated.json' with { type: 'json' };
import exported from '../../src/rerank/exported/lite0-lite2.generated.ts';
import { exportTrees } from '../../src/rerank/trees/exported-trees.ts';
import { parseLightGbm } from '../../src/rerank/trees/lightgbm-text.ts';
import { findMatcher, findServed } from '../../src/weights/load-registry.ts';

const models = new URL('../../models/', import.meta.url);

describe('the shipped re-ranker', () => {
  it('is what its model text says', () => {
    const text = readFileSync(new URL('lite0-lite2-reranker.txt', models), 'utf8');
    const sha256 = createHash('sha256').update(text).digest('hex');
    expect(exported.sha256).toBe(sha256);
    expect(exportTrees(parseLightGbm(text), { name: 'lite0-lite2', sha256 })).toEqual({
      ...exported,
      ...Object.fromEntries(
        Object.entries(exported).map(([key, value]) => [
          key,
          typeof value === 'string' && value.startsWith('\n') ? value.replace(/\s/g, '') : value,
        ]),
      ),
    });
  });

  it('was trained for the shipped model, bank and matcher', async () => {
    const registry = await readRegistry();
    const served = findServed(registry);
    const trees = await exportedTrees(served);
    expect(trees?.accept).toBe(pair.accept);
    const { id, weights } = findMatcher(registry);
    expect(pair.matcher).toEqual({ id, weightsSha256: weights.sha256 });
    const otherBank = { ...served, bank: { ...served.bank, sha256: '00' } };
    expect(await exportedTrees(otherBank)).toBeNull();
    expect(await exportedTrees({ ...served, weightsSha256: '00' })).toBeNull();
    expect(await exportedTrees({ ...served, id: 'another' })).toBeNull();
  });
});

const data = new URL('../../../shared/data/manifest.csv', import.meta.url);
if (!existsSync(data)) console.log('skipped: ../shared/data is absent, banks are not compared');

describe.skipIf(!existsSync(data))('the shipped banks', () => {
  it('hold their photos as these are embedded today', async () => {
    const split = JSON.parse(
      readFileSync(new URL('validation-split.json', models), 'utf8'),
    ) as ValidationSplit;
    const photo = parseManifest(readFileSync(data, 'utf8')).find(
      (row) => roleOf(row, split) === 'negative-bank',
    )!; // there are some
    const { encoders, ensembles = [] } = await readRegistry();
    for (const { id } of [...encoders, ...ensembles]) {
      const { encoder, reranker } = await openModel(id);
      const { embedding } = await encoder.encode(readFileSync(new URL(photo.path, data)));
      expect(reranker.bank.similarity(embedding, 1), id).toBeGreaterThan(0.998);
    }
  }, 120_000);
});
