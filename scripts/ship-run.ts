// A training run becomes a model: its weights in half precision, its card and its curves, all in models/.
//
// Usage: npx tsx scripts/ship-run.ts RUN ID                  the weights: models/ID.safetensors
//        npx tsx scripts/ship-run.ts RUN ID --card SCORES... the card, with what `cairn evaluate --json` said
//
// Between the two the encoder gets its recipe (src/cli/encoders.ts) and is fitted (`cairn fit`).
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TrainConfig } from '../src/cli/training/train-config.ts';
import type { EvaluationReport } from '../src/evaluation/report.ts';
import { trainingCurves } from '../src/training/trainer/curves.ts';
import type { LogLine } from '../src/training/trainer/loop.ts';
import { float32ToHalf } from '../src/weights/half.ts';
import {
  readSafetensors,
  readSafetensorsMetadata,
  toFloat32,
  type Weights,
  writeSafetensors,
} from '../src/weights/safetensors.ts';
import { ROOT, tableRow } from './document.ts';

const MODELS = join(ROOT, 'models');

/** Kernels and matrices; norms stay as they are: they are few, and halving them costs most. */
function inHalf(weights: Weights): Weights {
  return new Map(
    [...weights].map(([name, tensor]) => {
      if (tensor.shape.length < 2) return [name, tensor];
      const half = float32ToHalf(toFloat32(tensor, name));
      const data = new Uint8Array(half.buffer);
      return [name, { dtype: 'F16' as const, shape: tensor.shape, data }];
    }),
  );
}

/** The command of the run, with nothing of the machine that it ran on. */
function commandOf(config: TrainConfig): string {
  const { arch, spec } = config.student;
  const stages = (of: (stage: TrainConfig['stages'][number]) => number) =>
    config.stages.map(of).join(',');
  const flags: readonly (readonly [string, string | number | null])[] = [
    ['manifest', '../shared/data/manifest.csv'],
    ['arch', arch],
    ['spec', spec],
    ['teacher', config.teacher],
    [
      'distil',
      config.teacher && `${config.distillation.embedding},${config.distillation.relational}`,
    ],
    ['class-weight', config.classWeight],
    ['loss', config.loss],
    ['init', config.init],
    ['sizes', stages(({ size }) => size)],
    ['epochs', stages(({ epochs }) => epochs)],
    ['batch', config.batch],
    ['lr', config.learningRate],
    ['weight-decay', config.weightDecay],
    ['pooling', config.pooling],
    ['dim', config.dim],
    ['augmentation', config.augmentation],
    ['seed', config.seed],
  ];
  const given = flags.flatMap(([name, value]) => (value === null ? [] : [`--${name} ${value}`]));
  return `npm run --silent cairn -- train ${given.join(' ')}`;
}

function hours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1)} hours`;
}

interface Summary {
  readonly params: number;
  readonly backend: string;
  readonly processes: number;
  readonly images: number;
  readonly seconds: number;
  readonly images_per_second: number;
}

function share(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

/** @param files named by their splits */
function scoresOf(files: readonly string[]): string {
  const rows = files.map((file) => {
    const report = JSON.parse(readFileSync(file, 'utf8')) as EvaluationReport;
    const { queries, gap, gapInterval, top1, seenTop1, unseenTop1 } = report;
    return tableRow([
      basename(file, '.json'),
      queries,
      `${gap.toFixed(3)} (${gapInterval.low.toFixed(3)} to ${gapInterval.high.toFixed(3)})`,
      top1.toFixed(3),
      `${share(seenTop1)} / ${share(unseenTop1)}`,
    ]);
  });
  const head = [
    'split',
    'queries',
    'GAP (95 % interval)',
    'top-1',
    'seen / unseen landmarks, top-1',
  ];
  return [tableRow(head), tableRow(head.map(() => '---')), ...rows].join('\n');
}

function card(run: string, id: string, config: TrainConfig, scores: readonly string[]): string {
  const lines = readLog(run);
  const summary = JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as Summary;
  writeFileSync(join(MODELS, `${id}.svg`), trainingCurves(lines, id));
  const steps = lines.findLast(({ kind }) => kind === 'step')?.step ?? 0;
  const { arch, spec } = config.student;
  return `# ${id}

${arch}/${spec} with ${(summary.params / 1e6).toFixed(1)} million parameters, trained ${config.init ? `from ${config.init}` : 'from nothing'} by \`cairn train\`; \`cairn fit\` added the whitening.
Licence: Apache-2.0.

**Data**: the splits \`train\` and \`train_extra\` less the landmarks of the validation protocol, and, where a teacher is imitated, photos of no landmark outside it (docs/training.md).

**Command**, seed ${config.seed}:

\`\`\`
${commandOf(config)}
\`\`\`

**Time**: ${steps} steps, ${summary.images} images in ${hours(summary.seconds)} (${summary.images_per_second.toFixed(1)} images/s) on ${summary.backend}, ${summary.processes} process${summary.processes > 1 ? 'es' : ''}.

![Curves of the run](${id}.svg)

**Scores** of the encoder alone, by \`cairn evaluate --encoder ${id}\`, with voting, penalty and decision:

${scoresOf(scores)}
`;
}

function readLog(run: string): LogLine[] {
  const text = readFileSync(join(run, 'log.jsonl'), 'utf8').trim();
  return text.split('\n').map((line) => JSON.parse(line) as LogLine);
}

const [run, id, flag, ...scores] = process.argv.slice(2);
if (run === undefined || id === undefined) throw new Error('Give a run and an id.');
const file = readFileSync(join(run, 'weights.safetensors'));
const metadata = readSafetensorsMetadata(file);
if (flag === '--card') {
  const config = JSON.parse(metadata.get('settings') ?? '{}') as TrainConfig;
  writeFileSync(join(MODELS, `${id}.md`), card(run, id, config, scores));
} else {
  const shipped = writeSafetensors(inHalf(readSafetensors(file)), metadata);
  writeFileSync(join(MODELS, `${id}.safetensors`), shipped);
}
