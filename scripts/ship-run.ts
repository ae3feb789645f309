// A training run becomes a model: its weights in half precision, its card and its curves, all in models/.
//
// Usage: npx tsx scripts/ship-run.ts RUN ID                  the weights: models/ID.safetensors
//        npx tsx scripts/ship-run.ts RUN ID --card SCORES... the card, with what `cairn evaluate --json` said
//
// Between the two the encoder gets its recipe (src/cli/encoders.ts) and is fitted (`cairn fit`).
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { writeModel } from '../src/cli/models.ts';
import type { TrainConfig } from '../src/cli/training/train-config.ts';
import type { EvaluationReport } from '../src/evaluation/report.ts';
import { tableRow } from './document.ts';
import {
  commandOf,
  millions,
  type RunSummary,
  readRunWeights,
  readSummary,
  settingsOf,
  stageFlags,
  timeOf,
  writeCurves,
  writeWeights,
} from './shipping.ts';

function trainCommand(config: TrainConfig): string {
  const { arch, spec } = config.student;
  const { teacher, distillation } = config;
  return commandOf('train', [
    ['arch', arch],
    ['spec', spec],
    ['teacher', teacher],
    ['distil', teacher && `${distillation.embedding},${distillation.relational}`],
    ['class-weight', config.classWeight],
    ['loss', config.loss],
    ['init', config.init],
    ...stageFlags(config.stages),
    ['batch', config.batch],
    ['lr', config.learningRate],
    ['weight-decay', config.weightDecay],
    ['pooling', config.pooling],
    ['dim', config.dim],
    ['augmentation', config.augmentation],
    ['seed', config.seed],
  ]);
}

interface Summary extends RunSummary {
  readonly processes: number;
  readonly images: number;
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
  const summary = readSummary<Summary>(run);
  const { arch, spec } = config.student;
  return `# ${id}

${arch}/${spec} with ${millions(summary.params)}, trained ${config.init ? `from ${config.init}` : 'from nothing'} by \`cairn train\`; \`cairn fit\` added the whitening.
Licence: Apache-2.0.

**Data**: the splits \`train\` and \`train_extra\` less the landmarks of the validation protocol, and, where a teacher is imitated, photos of no landmark outside it (docs/training.md).

**Command**, seed ${config.seed}:

\`\`\`
${trainCommand(config)}
\`\`\`

**Time**: ${timeOf(run, summary, summary.images, 'images')}, ${summary.processes} process${summary.processes > 1 ? 'es' : ''}.

![Curves of the run](${id}.svg)

**Scores** of the encoder alone, by \`cairn evaluate --encoder ${id}\`, with voting, penalty and decision:

${scoresOf(scores)}
`;
}

const [run, id, flag, ...scores] = process.argv.slice(2);
if (run === undefined || id === undefined) throw new Error('Give a run and an id.');
const weights = readRunWeights(run);
if (flag === '--card') {
  await writeCurves(id, run);
  const text = card(run, id, settingsOf<TrainConfig>(weights), scores);
  await writeModel(`${id}.md`, Buffer.from(text));
} else {
  await writeWeights(id, weights);
}
