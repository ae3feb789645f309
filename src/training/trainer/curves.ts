// The picture of a run: loss, accuracy and validation over steps, as one SVG.
import { escapeXml, INK, svgDocument } from '../../evaluation/svg.ts';
import type { LogLine } from './loop.ts';

/** A line of points in the order of steps. */
interface Series {
  readonly title: string;
  readonly points: readonly (readonly [step: number, value: number])[];
  /** Whether single points matter: drawn as dots too. */
  readonly dots: boolean;
}

const PANEL = { width: 420, height: 200, left: 52, right: 14, top: 32, bottom: 30 };
/** Steps that are averaged into one point of a curve: more cannot be told apart by eye. */
const POINTS = 200;

/** Panels for the loss, each of its parts, the learning rate, and validation where there was one. */
export function trainingCurves(lines: readonly LogLine[], title: string): string {
  const series = seriesOf(lines).filter(({ points }) => points.length > 1);
  const columns = 2;
  const rows = Math.ceil(series.length / columns);
  const panels = series.map((each, i) => panel(each, i % columns, Math.floor(i / columns)));
  const size = { width: columns * PANEL.width, height: rows * PANEL.height };
  return svgDocument(size, title, panels);
}

function seriesOf(lines: readonly LogLine[]): Series[] {
  const steps = lines.flatMap((line) => (line.kind === 'step' ? [line] : []));
  const validations = lines.flatMap((line) => (line.kind === 'validation' ? [line] : []));
  const parts = [...new Set(steps.flatMap(({ parts }) => Object.keys(parts)))];
  const ofSteps = (name: string, value: (line: (typeof steps)[number]) => number | undefined) => ({
    title: name,
    dots: false,
    points: averaged(
      steps.flatMap((line) => {
        const found = value(line);
        return found === undefined ? [] : [[line.step, found] as const];
      }),
    ),
  });
  return [
    ofSteps('loss', (line) => line.loss),
    ...parts.map((part) => ofSteps(part, (line) => line.parts[part])),
    ofSteps('learning rate', (line) => line.learningRate),
    ...VALIDATED.map(([name, title]) => ({
      title: `validation ${title}`,
      dots: true,
      points: validations.flatMap((line) => {
        const value = new Map<string, unknown>(Object.entries(line)).get(name);
        return typeof value === 'number' ? [[line.step, value] as const] : [];
      }),
    })),
  ];
}

/** Scores of encoders and of matchers that are drawn, with their titles. */
const VALIDATED = [
  ['gap', 'GAP'],
  ['top1', 'top-1'],
  ['auc5', 'AUC at 5 px'],
  ['within3', 'share within 3 px'],
  ['matches', 'matches'],
] as const;

/** Means of neighbouring points, so that a curve has at most {@link POINTS}. */
function averaged(points: readonly (readonly [number, number])[]) {
  const size = Math.ceil(points.length / POINTS);
  if (size <= 1) return points;
  const means: [number, number][] = [];
  for (let at = 0; at < points.length; at += size) {
    const run = points.slice(at, at + size);
    const sum = run.reduce((total, [, value]) => total + value, 0);
    means.push([run[run.length - 1]![0], sum / run.length]);
  }
  return means;
}

function panel({ title, points, dots }: Series, column: number, row: number): string {
  const { width, height, left, right, top, bottom } = PANEL;
  const values = points.map(([, value]) => value);
  const low = Math.min(...values);
  const high = Math.max(...values, low + 1e-9);
  const last = Math.max(...points.map(([step]) => step));
  const x = (step: number) => left + (step / last) * (width - left - right);
  const y = (value: number) => top + ((high - value) / (high - low)) * (height - top - bottom);
  const line = points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`);
  const levels = [low, (low + high) / 2, high].map(
    (level) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(level).toFixed(1)}" y2="${y(level).toFixed(1)}" stroke="${INK.grid}"/>` +
      `<text x="${left - 6}" y="${(y(level) + 4).toFixed(1)}" text-anchor="end" fill="${INK.soft}">${short(level)}</text>`,
  );
  const marks = points.map(
    ([step, value]) =>
      `<circle cx="${x(step).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3" fill="${INK.line}"/>`,
  );
  return [
    `<g transform="translate(${column * width} ${row * height})">`,
    `<text x="${left}" y="19" font-weight="600" fill="${INK.text}">${escapeXml(title)}</text>`,
    ...levels,
    `<polyline points="${line.join(' ')}" fill="none" stroke="${INK.line}" stroke-width="1.5"/>`,
    ...(dots ? marks : []),
    `<text x="${left}" y="${height - 10}" fill="${INK.soft}">0</text>`,
    `<text x="${width - right}" y="${height - 10}" text-anchor="end" fill="${INK.soft}">step ${last}</text>`,
    '</g>',
  ].join('\n');
}

function short(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 0.01 || size >= 10_000) ? value.toExponential(1) : value.toFixed(3);
}
