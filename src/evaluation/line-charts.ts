// Small multiples of curves as one SVG, for reports that a command writes.
import { escapeXml, INK, svgDocument } from './svg.ts';

export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly value: number; readonly gap: number }[];
  /** The value that was chosen: drawn filled. */
  readonly best: number;
}

const PANEL = { width: 260, height: 170, left: 46, right: 12, top: 30, bottom: 30 };
const COLUMNS = 3;

/** All panels share the scale of the vertical axis, so that constants can be compared by eye. */
export function lineCharts(curves: readonly Curve[], axis: string): string {
  const gaps = curves.flatMap((c) => c.points.map((p) => p.gap));
  const low = Math.floor(Math.min(...gaps) * 50) / 50;
  const high = Math.ceil(Math.max(...gaps) * 50) / 50;
  const rows = Math.ceil(curves.length / COLUMNS);
  const panels = curves.map((curve, i) => panel(curve, i, low, Math.max(high, low + 0.02)));
  const size = { width: COLUMNS * PANEL.width, height: rows * PANEL.height };
  return svgDocument(size, `${axis} by constant`, panels);
}

function panel(curve: Curve, index: number, low: number, high: number): string {
  const { width, height, left, right, top, bottom } = PANEL;
  const x0 = (index % COLUMNS) * width;
  const y0 = Math.floor(index / COLUMNS) * height;
  const values = curve.points.map((p) => p.value);
  // Values are spaced evenly: they grow by factors.
  const x = (i: number) => left + (i * (width - left - right)) / Math.max(1, values.length - 1);
  const y = (gap: number) => top + ((high - gap) / (high - low)) * (height - top - bottom);
  const line = curve.points.map((p, i) => `${x(i).toFixed(1)},${y(p.gap).toFixed(1)}`).join(' ');
  const marks = curve.points.map((p, i) => {
    const fill = p.value === curve.best ? INK.line : INK.paper;
    return `<circle cx="${x(i).toFixed(1)}" cy="${y(p.gap).toFixed(1)}" r="3.5" fill="${fill}" stroke="${INK.line}"/>`;
  });
  const ticks = curve.points.map(
    (p, i) =>
      `<text x="${x(i).toFixed(1)}" y="${height - 12}" text-anchor="middle" fill="${INK.soft}">${p.value}</text>`,
  );
  const levels = [low, (low + high) / 2, high].map(
    (gap) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(gap)}" y2="${y(gap)}" stroke="${INK.grid}"/>` +
      `<text x="${left - 6}" y="${y(gap) + 4}" text-anchor="end" fill="${INK.soft}">${gap.toFixed(2)}</text>`,
  );
  return [
    `<g transform="translate(${x0} ${y0})">`,
    `<text x="${left}" y="18" font-weight="600" fill="${INK.text}">${escapeXml(curve.name)}</text>`,
    ...levels,
    `<polyline points="${line}" fill="none" stroke="${INK.line}" stroke-width="1.5"/>`,
    ...marks,
    ...ticks,
    '</g>',
  ].join('\n');
}
