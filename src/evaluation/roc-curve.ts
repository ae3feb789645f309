// ROC curves: their points, the threshold that a share of wrong ones passes, and a picture of several.
import { escapeXml, INK, svgDocument } from './svg.ts';

export interface RocPoint {
  /** Scores from here on pass; infinite for the first point, where none does. */
  readonly threshold: number;
  /** Shares that pass, 0..1. */
  readonly negatives: number;
  readonly positives: number;
}

/** From none passing to all; equal scores pass together. Neither list may be empty. */
export function rocCurve(positives: readonly number[], negatives: readonly number[]): RocPoint[] {
  const all = [
    ...positives.map((score) => ({ score, positive: 1 })),
    ...negatives.map((score) => ({ score, positive: 0 })),
  ].sort((a, b) => b.score - a.score);
  const points: RocPoint[] = [{ threshold: Number.POSITIVE_INFINITY, negatives: 0, positives: 0 }];
  let [right, wrong] = [0, 0];
  all.forEach(({ score, positive }, i) => {
    right += positive;
    wrong += 1 - positive;
    if (all[i + 1]?.score === score) return;
    points.push({
      threshold: score,
      negatives: wrong / negatives.length,
      positives: right / positives.length,
    });
  });
  return points;
}

/** The last point of a curve at which at most `share` of the negatives pass. */
export function pointRefusing(curve: readonly RocPoint[], share: number): RocPoint {
  return curve.findLast(({ negatives }) => negatives <= share)!;
}

export interface RocPanel {
  readonly title: string;
  readonly curves: readonly { readonly name: string; readonly points: readonly RocPoint[] }[];
}

const PANEL = { width: 330, height: 270, left: 46, right: 14, top: 30, bottom: 44 };
/** Okabe and Ito's, which most colour-blind people can tell apart. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'];
/** The first share of negatives that is drawn; the axis grows by factors, as few wrong ones count most. */
const FROM = 0.001;
const SHARES = [0.001, 0.01, 0.1, 1];
/** Pieces of the line over a tie. */
const TIE_STEPS = 24;
const LEVELS = [0, 0.25, 0.5, 0.75, 1];

/** Panels side by side, each with its curves named at its foot. */
export function rocPicture(panels: readonly RocPanel[], title: string): string {
  const size = { width: panels.length * PANEL.width, height: PANEL.height };
  return svgDocument(size, title, panels.map(drawPanel));
}

function drawPanel({ title, curves }: RocPanel, index: number): string {
  const { width, height, left, right, top, bottom } = PANEL;
  const across = width - left - right;
  const x = (share: number) =>
    left + across * (1 - Math.log(Math.max(share, FROM)) / Math.log(FROM));
  const y = (share: number) => top + (1 - share) * (height - top - bottom);
  const grid = LEVELS.map(
    (level) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(level).toFixed(1)}" y2="${y(level).toFixed(1)}" stroke="${INK.grid}"/>` +
      `<text x="${left - 6}" y="${(y(level) + 4).toFixed(1)}" text-anchor="end" fill="${INK.soft}">${level}</text>`,
  );
  const ticks = SHARES.map(
    (share) =>
      `<line x1="${x(share).toFixed(1)}" x2="${x(share).toFixed(1)}" y1="${top}" y2="${height - bottom}" stroke="${INK.grid}"/>` +
      `<text x="${x(share).toFixed(1)}" y="${height - bottom + 14}" text-anchor="middle" fill="${INK.soft}">${share}</text>`,
  );
  const lines = curves.map(({ points }, i) => {
    const path = points.flatMap((point, k) =>
      towards(points[k - 1] ?? point, point).map(
        ([share, passing]) => `${x(share).toFixed(1)},${y(passing).toFixed(1)}`,
      ),
    );
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="1.5"/>`;
  });
  const names = curves.map(({ name }, i) => {
    const at = left + (i * across) / curves.length;
    const colour = COLOURS[i % COLOURS.length];
    return (
      `<line x1="${at}" x2="${at + 14}" y1="${height - 10}" y2="${height - 10}" stroke="${colour}" stroke-width="2"/>` +
      `<text x="${at + 18}" y="${height - 6}" fill="${INK.text}">${escapeXml(name)}</text>`
    );
  });
  return [
    `<g transform="translate(${index * width} 0)">`,
    `<text x="${left}" y="18" font-weight="600" fill="${INK.text}">${escapeXml(title)}</text>`,
    ...grid,
    ...ticks,
    ...lines,
    ...names,
    '</g>',
  ].join('\n');
}

/**
 * The way from one point to the next: where scores tie, both shares grow together, as the area under the
 * curve counts them, which is no straight line on an axis that grows by factors.
 */
function towards(from: RocPoint, to: RocPoint): [negatives: number, positives: number][] {
  const [near, far] = [Math.max(from.negatives, FROM), Math.max(to.negatives, FROM)];
  if (far === near || to.positives === from.positives) return [[to.negatives, to.positives]];
  const slope = (to.positives - from.positives) / (to.negatives - from.negatives);
  return Array.from({ length: TIE_STEPS + 1 }, (_, step) => {
    const share = near * (far / near) ** (step / TIE_STEPS);
    return [share, from.positives + slope * (share - from.negatives)];
  });
}
