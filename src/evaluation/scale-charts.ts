// How costs grow with the number of rows: panels with both axes by factors, a line for each way of doing it.
import { escapeXml, INK, svgDocument } from './svg.ts';

export interface ScalePanel {
  readonly title: string;
  /** Of the vertical axis, such as `ms`. */
  readonly unit: string;
  readonly lines: readonly {
    readonly name: string;
    /** Both over 0. */
    readonly points: readonly { readonly rows: number; readonly value: number }[];
  }[];
}

const PANEL = { width: 300, height: 250, left: 52, right: 16, top: 30, bottom: 58 };
/** Okabe and Ito's, which most colour-blind people can tell apart. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'];

export function scaleCharts(panels: readonly ScalePanel[], title: string): string {
  const size = { width: panels.length * PANEL.width, height: PANEL.height };
  return svgDocument(size, title, panels.map(drawPanel));
}

function drawPanel({ title, unit, lines }: ScalePanel, index: number): string {
  const { width, height, left, right, top, bottom } = PANEL;
  const points = lines.flatMap((line) => line.points);
  const [fromRows, toRows] = decades(points.map(({ rows }) => rows));
  const [from, to] = decades(points.map(({ value }) => value));
  const x = (rows: number) =>
    left + ((Math.log10(rows) - fromRows) / (toRows - fromRows)) * (width - left - right);
  const y = (value: number) =>
    height - bottom - ((Math.log10(value) - from) / (to - from)) * (height - top - bottom);
  const across = powers(fromRows, toRows).map(
    (rows) =>
      `<text x="${x(rows).toFixed(1)}" y="${height - bottom + 16}" text-anchor="middle" fill="${INK.soft}">${short(rows)}</text>`,
  );
  const levels = powers(from, to).map(
    (value) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="${INK.grid}"/>` +
      `<text x="${left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end" fill="${INK.soft}">${short(value)}</text>`,
  );
  const drawn = lines.map(({ name, points: own }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const place = (point: (typeof own)[number]) =>
      `${x(point.rows).toFixed(1)},${y(point.value).toFixed(1)}`;
    const marks = own.map((point) => {
      const [cx, cy] = place(point).split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`;
    });
    return [
      `<polyline points="${own.map(place).join(' ')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
      ...marks,
      `<text x="${left + i * ((width - left) / lines.length)}" y="${height - 22}" fill="${colour}">${escapeXml(name)}</text>`,
    ].join('\n');
  });
  return [
    `<g transform="translate(${index * width} 0)">`,
    `<text x="${left}" y="18" font-weight="600" fill="${INK.text}">${escapeXml(`${title}, ${unit}`)}</text>`,
    ...levels,
    ...across,
    ...drawn,
    `<text x="${width - right}" y="${height - 4}" text-anchor="end" fill="${INK.soft}">rows</text>`,
    '</g>',
  ].join('\n');
}

/** Whole powers of ten around all values, at least one apart. */
function decades(values: readonly number[]): [from: number, to: number] {
  const from = Math.floor(Math.log10(Math.min(...values)));
  return [from, Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values))))];
}

function powers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
}

function short(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000} M`;
  if (value >= 1000) return `${value / 1000} k`;
  return String(Number(value.toPrecision(3)));
}
