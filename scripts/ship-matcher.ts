// A run of `cairn train-matcher` becomes the default matcher: weights in half precision, the golden pair of its
// self-test, curves, card and entry in the registry, all in the folder of models.
//
// Usage: npx tsx scripts/ship-matcher.ts RUN ID [--longest-side PIXELS] [--pair SEED,VIEW,VIEW]
//
// The card is written anew, with empty marks (scripts/document.ts) for figures of other commands: what stood
// between them was measured with other weights.
import { parseArgs } from 'node:util';
import { readRegistry, writeModel, writeRegistry } from '../src/cli/models.ts';
import type { MatcherConfig } from '../src/cli/training/matcher-config.ts';
import { OrtMatcher } from '../src/inference/matcher.ts';
import {
  GOLDEN_PAIR,
  type MatcherGolden,
  makeMatcherGolden,
} from '../src/inference/matcher-golden.ts';
import { nodeRuntime } from '../src/inference/node-runtime.ts';
import { MAX_SIDE } from '../src/matching/presets.ts';
import { LOFTR } from '../src/nets/loftr/specs.ts';
import { specNamed } from '../src/nets/specs.ts';
import type { Best } from '../src/training/trainer/checkpoint.ts';
import type { MatcherEntry } from '../src/weights/registry.ts';
import { tableRow } from './document.ts';
import {
  commandOf,
  millions,
  type RunSummary,
  type RunWeights,
  readLog,
  readRunWeights,
  readSummary,
  settingsOf,
  stageFlags,
  timeOf,
  writeCurves,
  writeWeights,
} from './shipping.ts';

/** Parts of a card that other commands write; docs/matching.md has them for all matchers. */
const MARKS = { pairs: 'pairs', roc: 'match-roc' } as const;

interface Summary extends RunSummary {
  readonly pairs: number;
  readonly best: Best | null;
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'longest-side': { type: 'string', default: String(MAX_SIDE) },
    pair: { type: 'string' },
  },
});
const [run, id] = positionals;
if (run === undefined || id === undefined) throw new Error('Give a run and an id.');
await ship(run, id, Number(flags['longest-side']), flags.pair ? pairOf(flags.pair) : GOLDEN_PAIR);

async function ship(
  run: string,
  id: string,
  longestSide: number,
  pair: MatcherGolden['pair'],
): Promise<void> {
  const trained = readRunWeights(run);
  const config = settingsOf<MatcherConfig>(trained);
  // Before anything is written: a matcher that finds nothing in its pair does not ship.
  const golden = await goldenOf(trained, config, pair);
  const entry: MatcherEntry = {
    id,
    title: `LoFTR ${config.spec}, trained by Cairn`,
    arch: config.arch,
    spec: config.spec,
    longestSide,
    licence: 'Apache-2.0',
    card: `${id}.md`,
    weights: await writeWeights(id, trained),
    golden: await writeModel(`${id}-golden.json`, Buffer.from(`${JSON.stringify(golden)}\n`)),
  };
  await writeCurves(id, run);
  await writeModel(entry.card, Buffer.from(card(run, entry, config, golden)));
  const registry = await readRegistry();
  const others = (registry.matchers ?? []).filter((each) => each.id !== id);
  await writeRegistry({ ...registry, matchers: [...others, entry], defaultMatcher: id });
}

/** By WASM, which is trusted, with the weights as they ship. */
async function goldenOf(
  { weights }: RunWeights,
  { spec }: MatcherConfig,
  pair: MatcherGolden['pair'],
): Promise<MatcherGolden> {
  const load = async () => ({ spec, weights });
  const matcher = new OrtMatcher({ runtime: nodeRuntime(), wish: 'wasm', load });
  try {
    return await makeMatcherGolden((a, b) => matcher.match(a, b), pair);
  } finally {
    await matcher.dispose();
  }
}

function pairOf(text: string): MatcherGolden['pair'] {
  const [seed, first, second] = text.split(',').map(Number);
  if (seed === undefined || first === undefined || second === undefined) {
    throw new Error('--pair takes SEED,VIEW,VIEW.');
  }
  return { seed, views: [first, second] };
}

function card(
  run: string,
  { id, weights, longestSide }: MatcherEntry,
  config: MatcherConfig,
  { pair, leastInliers, mostError }: MatcherGolden,
): string {
  const summary = readSummary<Summary>(run);
  const { spec } = config;
  const mark = (name: string) => `<!-- ${name} begins -->\n<!-- ${name} ends -->`;
  return `# ${id}

LoFTR of the size \`${spec}\` (docs/matching.md) with ${millions(summary.params)} that were trained, ${startOf(config)}, by \`cairn train-matcher\`. ${(weights.bytes / 1e6).toFixed(1)} MB, matrices in half precision. Pictures are shrunk to a longest side of ${longestSide} px.
Licence: Apache-2.0.

**Data**: photos of the splits \`train\` and \`train_extra\` less the landmarks of the validation protocol, also such of no landmark, each seen twice from two drawn places (docs/training.md, "The matcher")${config.pairs ? `; and, at a share of ${config.pairsShare}, the real pairs of ${config.pairs}` : ''}.

**Command**, seed ${config.seed}:

\`\`\`
${trainCommand(config)}
\`\`\`

**Settings**, as the weights say them:

\`\`\`json
${JSON.stringify(config)}
\`\`\`

**Time**: ${timeOf(run, summary, summary.pairs, 'pairs')}.

![Curves of the run](${id}.svg)

**Validation**, 32 pairs made in the same way of photos of the validation protocol's landmarks:

${scoresOf(run, summary)}

**Self-test**: views ${pair.views[0]} and ${pair.views[1]} of the drawn scene ${pair.seed}; a sound backend finds at least ${leastInliers} inliers, off by at most ${mostError} px on average.

**Pairs of real photos** with known geometry:

${mark(MARKS.pairs)}

**The same landmark or another**, by inliers:

${mark(MARKS.roc)}
`;
}

/** What the weights began as. */
function startOf({ spec, init }: MatcherConfig): string {
  if (init) return `from ${init}`;
  const { backbone } = specNamed(LOFTR, spec);
  if (backbone.kind === 'resnet') return 'from nothing';
  return `on the first stages of ${backbone.kind}/${backbone.size} of the registry, which stay as they were (ImageNet; see NOTICE)`;
}

function trainCommand(config: MatcherConfig): string {
  return commandOf('train-matcher', [
    ['spec', config.spec],
    ...stageFlags(config.stages),
    ['batch', config.batch],
    ['lr', config.learningRate],
    ['weight-decay', config.weightDecay],
    ['pairs', config.pairs],
    ['pairs-share', config.pairs && config.pairsShare],
    ['init', config.init],
    ['limit', config.limit],
    ['validate-every', config.validateEvery || null],
    ['patience', config.patience || null],
    ['seed', config.seed],
  ]);
}

/** Of the weights that were kept: the best validation's. */
function scoresOf(run: string, { best }: Summary): string {
  const kept = readLog(run).find(({ kind, step }) => kind === 'validation' && step === best?.step);
  if (!kept || !('auc5' in kept)) return 'The run was not validated.';
  const head = ['step', 'AUC at 3 px', '5 px', '10 px', 'matches within 3 px', 'matches of a pair'];
  const shares = [kept.auc3, kept.auc5, kept.auc10, kept.within3].map((share) => share.toFixed(3));
  const row = [kept.step, ...shares, kept.matches.toFixed(0)];
  return [tableRow(head), tableRow(head.map(() => '---')), tableRow(row)].join('\n');
}
