// Decision trees: equal to LightGBM on committed models, explained to the last digit, and hostile texts refused.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { CairnError } from '../../src/errors.ts';
import { emitModule } from '../../src/rerank/trees/emit-module.ts';
import {
  type ExportedTrees,
  exportTrees,
  openTrees,
} from '../../src/rerank/trees/exported-trees.ts';
import { parseLightGbm } from '../../src/rerank/trees/lightgbm-text.ts';
import { explainer, pathContributions } from '../../src/rerank/trees/path-contributions.ts';
import {
  firstIterations,
  predict,
  predictRaw,
  type TreeEnsemble,
} from '../../src/rerank/trees/tree-ensemble.ts';

const FOLDER = new URL('../fixtures/lightgbm/', import.meta.url);
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.txt'))
  .map((file) => file.replace('.txt', ''));
const ABOUT = { name: 'a model', sha256: '00' };

interface Golden {
  readonly iterations: number;
  readonly rows: readonly (readonly (number | string)[])[];
  readonly raw: readonly (readonly number[])[];
  readonly predicted: readonly (readonly number[])[];
}

const text = (name: string) => readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8');

function golden(name: string) {
  const { rows, ...rest } = JSON.parse(
    readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'),
  ) as Golden;
  const special: Record<string, number> = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity };
  return { ...rest, rows: rows.map((row) => row.map((v) => special[v] ?? Number(v))) };
}

/** Relative above 1, absolute below. */
function expectEqual(ours: Float64Array, theirs: readonly number[] | Float64Array): void {
  expect(ours.length).toBe(theirs.length);
  for (const [k, value] of ours.entries()) {
    const wanted = theirs[k] ?? Number.NaN;
    expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(wanted)));
  }
}

function refusal(work: () => unknown): CairnError {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(CairnError);
    expect((thrown as CairnError).code).toBe('model-invalid');
    return thrown as CairnError;
  }
  throw new Error('It was not refused.');
}

describe.each(NAMES)('LightGBM’s own predictions: %s', (name) => {
  const { rows, raw, predicted, iterations } = golden(name);
  const trees = firstIterations(parseLightGbm(text(name)), iterations);

  test('scores and predictions', () => {
    for (const [r, row] of rows.entries()) {
      expectEqual(predictRaw(trees, row), raw[r] ?? []);
      expectEqual(predict(trees, Float64Array.from(row)), predicted[r] ?? []);
    }
  });

  test('contributions add up to the score', () => {
    const explain = explainer(trees);
    for (const row of rows) {
      const sums = explain(row).map((terms) => terms.reduce((a, b) => a + b, 0));
      expectEqual(Float64Array.from(sums), predictRaw(trees, row));
    }
  });

  test('the emitted module opens to the same trees', async () => {
    const options = { ...ABOUT, typesFrom: './exported-trees.ts', command: 'a test' };
    const source = emitModule(trees, options);
    expect(emitModule(trees, options)).toBe(source);
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    expect(outputText).not.toMatch(/\bimport\b/);
    const url = `data:text/javascript,${encodeURIComponent(outputText)}`;
    const module = (await import(/* @vite-ignore */ url)) as { default: ExportedTrees };
    expect(openTrees(module.default)).toEqual(trees);
  });
});

test('the committed models hold every kind of split, and a tree without any', () => {
  const kinds = new Set(NAMES.flatMap((name) => [...parseLightGbm(text(name)).decision]));
  // Missing: none, zero (right, left), NaN (right, left); a set of categories.
  for (const kind of [2, 4, 6, 8, 10, 9]) expect(kinds).toContain(kind);
  expect(parseLightGbm(text('constant')).left).toHaveLength(0);
  const stopped = parseLightGbm(text('early-stopped'));
  expect(stopped.iterations).toBeGreaterThan(golden('early-stopped').iterations);
});

/** Two trees of one class: a stump on b, and one that looks at a, then at the set {1, 33} of b. */
const SMALL = `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:1
feature_names=a b
feature_infos=none none

Tree=0
num_leaves=2
num_cat=0
split_feature=1
threshold=0.5
decision_type=10
left_child=-1
right_child=-2
leaf_value=1 5
leaf_count=30 10
is_linear=0
shrinkage=1


Tree=1
num_leaves=3
num_cat=1
split_feature=0 1
threshold=inf 0
decision_type=8 9
left_child=1 -2
right_child=-1 -3
leaf_value=8 -4 0
leaf_count=10 10 20
cat_boundaries=0 2
cat_threshold=2 2
is_linear=0
shrinkage=1


end of trees
`;

describe('contributions along the path', () => {
  const trees = parseLightGbm(SMALL);

  test('are differences of expected values, which training rows weigh', () => {
    // Expected: (1·30 + 5·10) / 40 = 2; (8·10 - 4·10 + 0·20) / 40 = 1; below a: (-4·10 + 0·20) / 30.
    const below = -4 / 3;
    const steps = (a: number, b: number) => [...(pathContributions(trees, [a, b])[0] ?? [])];
    expect(steps(0, 33)).toEqual([below - 1, 5 - 2 + (-4 - below), 3]);
    expect(steps(Infinity, Number.NaN)).toEqual([below - 1, 1 - 2 + (0 - below), 3]);
    expect(steps(Number.NaN, 0)).toEqual([8 - 1, 1 - 2, 3]);
  });

  test('weigh leaves alike where nothing is counted', () => {
    const uncounted = parseLightGbm(
      SMALL.replaceAll(
        /(leaf_count=)([\d ]+)/g,
        (_, key, counts) => key + counts.replaceAll(/\d+/g, '0'),
      ),
    );
    expect(pathContributions(uncounted, [0, 33])[0]?.[2]).toBeCloseTo(3 + 4 / 3, 12);
  });

  test('the first iterations alone', () => {
    expect(predictRaw(firstIterations(trees, 1), [0, 33])).toEqual(Float64Array.of(5));
    expect(() => firstIterations(trees, 0)).toThrow(CairnError);
    expect(() => firstIterations(trees, 3)).toThrow(CairnError);
  });

  test('a row of another length is a fault of the caller', () => {
    expect(() => predictRaw(trees, [1])).toThrow(/1 values met a model of 2/);
  });
});

describe('refusals', () => {
  test.each<[string, string, string, RegExp]>([
    ['another file', 'tree\n', '{"name":\n', /line 1 is not "tree"/],
    ['another version', 'v4', 'v2', /version is "v2"/],
    ['linear trees', 'is_linear=0', 'is_linear=1', /linear trees/],
    ['an unknown objective', 'binary sigmoid:1', 'my_loss', /objective "my_loss"/],
    ['an unknown setting', 'sigmoid:1', 'sigmoid:0', /setting "sigmoid:0"/],
    ['classes that disagree', 'num_class=1', 'num_class=2', /num_tree_per_iteration is 1/],
    ['an objective for one', 'binary sigmoid:1', 'multiclass num_class:3', /num_class is 1/],
    ['a name too few', 'feature_names=a b', 'feature_names=a', /1 names for 2/],
    ['an unknown field', 'label_index', 'oblique', /line 5, in the head, .* "oblique"/],
    ['a field twice', 'shrinkage=1', 'num_leaves=2', /line 22 repeats "num_leaves" of tree 0/],
    ['no leaf values', 'leaf_value=1 5\n', '', /tree 0 has no field "leaf_value"/],
    ['a value too few', 'leaf_value=1 5', 'leaf_value=1', /leaf_value of tree 0, has 1 numbers/],
    ['a value that is none', 'leaf_value=1 5', 'leaf_value=1 nan', /cannot hold "nan"/],
    ['an endless value', 'leaf_value=1 5', 'leaf_value=1 1e999', /cannot hold "1e999"/],
    ['a threshold that is none', 'threshold=0.5', 'threshold=nan', /cannot hold "nan"/],
    ['a feature too far', 'split_feature=1', 'split_feature=2', /split_feature of tree 0/],
    ['a kind that is none', 'decision_type=10', 'decision_type=12', /node 0 of tree 0 .* 12/],
    ['a child too far', 'left_child=-1\n', 'left_child=-3\n', /left_child of tree 0/],
    ['a root below itself', 'left_child=-1\n', 'left_child=0\n', /left child of node 0 of tree 0/],
    ['a leaf twice', 'left_child=-1\n', 'left_child=-2\n', /right child of node 0 of tree 0/],
    ['a ring', 'left_child=1 -2', 'left_child=-2 1', /1 nodes of tree 1 cannot be reached/],
    ['a set too far', 'threshold=inf 0', 'threshold=inf 1', /names the set 1/],
    ['half a set', 'threshold=inf 0', 'threshold=inf 0.5', /names the set 0.5/],
    ['sets that end early', 'cat_boundaries=0 2', 'cat_boundaries=0 1', /cat_threshold of tree 1/],
    ['sets that begin late', 'cat_boundaries=0 2', 'cat_boundaries=1 2', /begins with 1/],
    ['a huge tree', 'num_leaves=2', 'num_leaves=999999999', /num_leaves of tree 0/],
    ['a tree out of order', 'Tree=1', 'Tree=2', /line 25 is not "Tree=1"/],
    ['sizes that disagree', 'feature_infos', 'tree_sizes=9 9\nfeature_infos', /tree_sizes says 9/],
    ['an end too soon', 'end of trees', '', /neither a tree nor "end of trees"/],
  ])('%s', (_, what, instead, message) => {
    expect(SMALL).toContain(what);
    const error = refusal(() => parseLightGbm(SMALL.replace(what, instead)));
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
  });

  test('other line ends, by the sizes that LightGBM itself would miss', () => {
    refusal(() => parseLightGbm(text('binary').replaceAll('\n', '\r\n')));
    const sizes = 'tree_sizes=1 1\r\n';
    refusal(() => parseLightGbm(SMALL.replace('\n\nTree=0', `\n${sizes}\nTree=0`)));
  });

  test('a text without end is refused before it is read', () => {
    const long = 'tree\n'.padEnd((1 << 26) + 1, 'x');
    expect(refusal(() => parseLightGbm(long)).message).toMatch(/characters/);
  });
});

/** Whatever was accepted must be safe to evaluate. */
function expectUsable(trees: TreeEnsemble): void {
  const row = trees.features.map((_, f) => (f % 3 ? f : Number.NaN));
  const raw = predictRaw(trees, row);
  expect(raw.every(Number.isFinite)).toBe(true);
  expect(pathContributions(trees, row)).toHaveLength(trees.classes);
}

function usableOrRefused(work: () => TreeEnsemble): void {
  let trees: TreeEnsemble;
  try {
    trees = work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(CairnError);
    expect((thrown as CairnError).code).toBe('model-invalid');
    return;
  }
  expectUsable(trees);
}

describe('damage of any kind is refused, or leaves trees that can be used', () => {
  const whole = ['categories', 'forest', 'zero-is-missing'].map(text);
  const originals = fc.constantFrom(SMALL, ...whole);
  const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const odd = fc.constantFrom(
    ...['0', '-1', '1', '-2', '2', '3', '99', '1e308', '-1e308', 'inf', 'nan', '', ' ', '\n', '='],
    ...['2147483648', '4294967296', '0x1', '1e', '--1', '\u0000', 'é', 'Tree=0\n', '1 '.repeat(50)],
  );

  test('a number exchanged', () => {
    const numbers = /-?\d+(\.\d+)?(e[+-]?\d+)?/g;
    fc.assert(
      fc.property(originals, place, odd, (original, where, instead) => {
        const found = [...original.matchAll(numbers)];
        const at = found[Math.floor(where * found.length)];
        if (!at) return;
        const end = at.index + at[0].length;
        const changed = original.slice(0, at.index) + instead + original.slice(end);
        // Sizes give most changes away; without them the rest must hold as well.
        usableOrRefused(() => parseLightGbm(changed));
        usableOrRefused(() => parseLightGbm(changed.replace(/\ntree_sizes=.*/, '')));
      }),
      { numRuns: 1500 },
    );
  });

  test('pieces cut, doubled and exchanged', () => {
    fc.assert(
      fc.property(originals, place, place, place, odd, (original, a, b, c, piece) => {
        const base = original.replace(/\ntree_sizes=.*/, '');
        const [i, j] = [a, b].map((x) => Math.floor(x * base.length)).sort((x, y) => x - y);
        const k = Math.floor(c * base.length);
        usableOrRefused(() => parseLightGbm(base.slice(0, i) + base.slice(j)));
        usableOrRefused(() => parseLightGbm(base.slice(0, j) + piece + base.slice(i)));
        usableOrRefused(() => parseLightGbm(base.slice(0, k)));
        const lines = base.split('\n');
        const line = Math.floor(c * lines.length);
        const other = lines[Math.floor(a * lines.length)] ?? '';
        usableOrRefused(() => parseLightGbm(lines.with(line, other).join('\n')));
      }),
      { numRuns: 500 },
    );
  });

  test('exported columns', () => {
    const exported = whole.map((each) => exportTrees(parseLightGbm(each), ABOUT));
    const columns = Object.entries(exported[0] ?? {})
      .filter(([, value]) => /^\w+:/.test(String(value)))
      .map(([key]) => key);
    expect(columns.length).toBeGreaterThan(8);
    fc.assert(
      fc.property(
        fc.constantFrom(...exported),
        fc.constantFrom(...columns),
        fc.oneof(fc.base64String(), fc.string()),
        fc.constantFrom('u8', 'i8', 'u16', 'i32', 'f64', 'f32', ''),
        (trees, key, value, type) => {
          usableOrRefused(() => openTrees({ ...trees, [key]: `${type}:${value}` }));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('exported trees that are none', () => {
    const [trees] = whole.map((each) => exportTrees(parseLightGbm(each), ABOUT));
    const odd: unknown[] = [
      null,
      undefined,
      1,
      'x',
      [],
      {},
      { toString: 1 },
      0.5,
      'x'.repeat(50_000),
    ];
    const refused = expect.objectContaining({
      code: 'model-invalid',
      message: expect.stringMatching(/^.{1,300}$/),
    });
    for (const value of odd) {
      expect(() => openTrees(value as ExportedTrees)).toThrowError(refused);
      for (const key of [
        'format',
        'classes',
        'features',
        'objective',
        'average',
        'left',
      ] as const) {
        if (key === 'format' && value === 1) continue;
        if (key === 'classes' && value === trees!.classes) continue;
        const changed = { ...trees, [key]: value } as ExportedTrees;
        expect(() => openTrees(changed), `${key}: ${typeof value}`).toThrowError(refused);
      }
    }
  });

  test('a line of blanks without end, and a slope without end', () => {
    const text = whole.find((each) => each.includes('objective=binary sigmoid:1'))!;
    for (const damaged of [
      text.replace(/^leaf_value=.*$/m, `leaf_value=${' '.repeat(3_000_000)}`),
      text.replace(/^feature_names=.*$/m, `feature_names=${' '.repeat(3_000_000)}`),
      text.replace(/^tree_sizes=.*$/m, `tree_sizes=${' '.repeat(3_000_000)}`),
      text.replace('sigmoid:1', 'sigmoid:1e999'),
    ]) {
      expect(() => parseLightGbm(damaged)).toThrowError(
        expect.objectContaining({ code: 'model-invalid' }),
      );
    }
  });

  test('sizes of trees, of which one is none, though their sum fits', () => {
    const exported = whole.map((each) => exportTrees(parseLightGbm(each), ABOUT));
    fc.assert(
      fc.property(fc.constantFrom(...exported), fc.nat(127), (trees, more) => {
        const { leafValue, ...opened } = openTrees(trees);
        const sizes = new Int16Array(opened.roots.length);
        // All the leaves but for one tree that has fewer than none.
        sizes.fill(1);
        sizes[0] = -more;
        sizes[1] = leafValue.length + more - (sizes.length - 2);
        const text = String.fromCharCode(...new Uint8Array(sizes.buffer));
        expect(() => openTrees({ ...trees, leavesOfTree: `i16:${btoa(text)}` })).toThrowError(
          expect.objectContaining({ code: 'model-invalid' }),
        );
      }),
    );
  });
});
