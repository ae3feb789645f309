// Boosted trees: LightGBM's model text, and the form that generated modules carry.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ExportedTrees,
  exportTrees,
  openTrees,
} from '../../../src/rerank/trees/exported-trees.ts';
import { parseLightGbm } from '../../../src/rerank/trees/lightgbm-text.ts';
import { pathContributions } from '../../../src/rerank/trees/path-contributions.ts';
import { predict, predictRaw, type TreeEnsemble } from '../../../src/rerank/trees/tree-ensemble.ts';
import type { Bytes } from '../../../src/weights/sha256.ts';
import type { Dice } from '../dice.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateJsonBytes } from '../mutate/json.ts';
import { mutateText, mutateTextBytes } from '../mutate/text.ts';
import { type Bomb, type FuzzTarget, json, must, text } from '../target.ts';

const MODELS = join(import.meta.dirname, '../../../tests/fixtures/lightgbm');

function models(): Bytes[] {
  return readdirSync(MODELS)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => new Uint8Array(readFileSync(join(MODELS, name))));
}

/** A row of each kind of value ends in a leaf of each tree. */
function checkTrees(trees: TreeEnsemble): void {
  must(trees.classes >= 1 && Number.isInteger(trees.classes), 'no classes');
  must(trees.objective.slope > 0 && Number.isFinite(trees.objective.slope), 'a slope that is none');
  // Sums of larger ones overflow, in LightGBM too.
  if (trees.leafValue.some((value) => Math.abs(value) > 1e100)) return;
  for (const value of [0, -1, 1e300, Number.NaN]) {
    const row = new Float64Array(trees.features.length).fill(value);
    const scores = predictRaw(trees, row);
    must(scores.length === trees.classes, 'scores of other classes');
    must(
      scores.every((score) => !Number.isNaN(score)),
      'a score that is no number',
    );
    predict(trees, row);
  }
  const row = new Float64Array(trees.features.length);
  for (const own of pathContributions(trees, row)) {
    must(own.every(Number.isFinite), 'a contribution that is no number');
  }
}

/** `tree_sizes` as the blocks of trees are now long. */
function fixSizes(bytes: Bytes): Bytes {
  const model = new TextDecoder().decode(bytes);
  const sizes = model
    .split(/^(?=Tree=)/m)
    .slice(1)
    .map((block, i, all) =>
      i < all.length - 1 ? block.length : block.replace(/^end of trees[\s\S]*/m, '').length,
    );
  return text(model.replace(/^tree_sizes=.*$/m, `tree_sizes=${sizes.join(' ')}`));
}

const blanks: Bomb = {
  name: 'sixty million blanks as leaf values',
  make() {
    const [model = ''] = models().map((bytes) => new TextDecoder().decode(bytes));
    return text(model.replace(/^leaf_value=.*$/m, `leaf_value=${' '.repeat(60_000_000)}`));
  },
};

export const lightGbm: FuzzTarget = {
  name: 'lightgbm-text',
  reads: ['src/rerank/trees/lightgbm-text.ts', 'src/rerank/trees/build-ensemble.ts'],
  codes: ['model-invalid'],
  async open() {
    const corpus = models();
    const mutate = (input: Bytes, dice: Dice) => {
      if (dice.chance(0.3)) return mutateTextBytes(input, dice, corpus, '=');
      if (dice.chance(0.1)) return mutateBytes(input, dice, corpus);
      return text(mutateText(new TextDecoder().decode(input), dice, ' '));
    };
    return {
      corpus,
      mutate,
      fix: fixSizes,
      bombs: [blanks],
      read: (input) => checkTrees(parseLightGbm(new TextDecoder().decode(input))),
    };
  },
};

const COLUMNS = [
  'leavesOfTree',
  'feature',
  'decision',
  'thresholds',
  'threshold',
  'left',
  'right',
].concat(['setStart', 'setWords', 'leafValue', 'leafCount']);

/** A column's numbers damaged within its base64, or the type of its numbers. */
function mutateColumn(bytes: Bytes, dice: Dice): Bytes {
  const trees = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  const name = dice.pick(COLUMNS);
  const [type = '', base64 = ''] = String(trees[name]).split(':');
  const numbers = new Uint8Array(Buffer.from(base64, 'base64'));
  const changed = dice.chance(0.8) ? mutateBytes(numbers, dice, [numbers]) : numbers;
  const given = dice.chance(0.8)
    ? type
    : dice.pick(['u8', 'i8', 'u16', 'i32', 'f64', 'toString', '']);
  trees[name] = `${given}:${Buffer.from(changed).toString('base64')}`;
  return json(trees);
}

export const exportedTrees: FuzzTarget = {
  name: 'exported-trees',
  reads: ['src/rerank/trees/exported-trees.ts', 'src/rerank/trees/build-ensemble.ts'],
  codes: ['model-invalid'],
  async open() {
    const about = { name: 'a', sha256: 'a'.repeat(64) };
    const corpus = models().map((bytes) =>
      json(exportTrees(parseLightGbm(new TextDecoder().decode(bytes)), about)),
    );
    return {
      corpus,
      mutate: (input, dice) =>
        dice.chance(0.5) ? mutateColumn(input, dice) : mutateJsonBytes(input, dice, corpus),
      read(input) {
        let value: unknown;
        try {
          value = JSON.parse(new TextDecoder().decode(input));
        } catch {
          return; // a module is no JSON: what is there is a value of JavaScript
        }
        checkTrees(openTrees(value as ExportedTrees));
      },
    };
  },
};
