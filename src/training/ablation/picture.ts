// The picture of the ablation: each method's four poolings as dots with their deviations, for each figure.
import { INK, svgDocument } from '../../evaluation/svg.ts';
import type { PoolingKind } from '../../weights/registry.ts';
import { ABLATION, METHODS, type Method } from './presets.ts';
import type { Cell, Figure } from './summary.ts';

const PANEL = { width: 760, height: 250, left: 52, right: 14, top: 34, bottom: 34 };
/** Okabe and Ito's, which most colour-blind people can tell apart. */
const COLOURS: Readonly<Record<PoolingKind, string>> = {
  average: '#6b675e',
  gem: '#0072b2',
  'r-mac': '#009e73',
  'r-gem': '#d55e00',
};
const TITLES: Readonly<Record<Figure, string>> = {
  gap: 'Validation GAP, with distractor penalty',
  top1: 'Validation top-1',
  nearest: 'Validation GAP, nearest neighbour alone',
};
/** Pixels between the dots of one method. */
const STEP = 14;
/** Values between two lines of the grid. */
const GRID = 0.05;

/** One panel below the other, each with a scale of its own. */
export function ablationPicture(cells: readonly Cell[], figures: readonly Figure[]): string {
  const methods = METHODS.filter((method) => cells.some((cell) => cell.method === method));
  const size = { width: PANEL.width, height: figures.length * PANEL.height };
  const panels = figures.map((figure, i) => panel(cells, figure, methods, i * PANEL.height));
  return svgDocument(size, 'Pooling and loss on frozen features', panels);
}

function panel(
  cells: readonly Cell[],
  figure: Figure,
  methods: readonly Method[],
  offset: number,
): string {
  const { width, height, left, right, top, bottom } = PANEL;
  const ends = cells.flatMap(({ [figure]: { mean, deviation } }) => [
    mean - (deviation ?? 0),
    mean + (deviation ?? 0),
  ]);
  const low = Math.floor(Math.min(...ends) / GRID) * GRID;
  const high = Math.ceil(Math.max(...ends) / GRID) * GRID;
  const y = (value: number) => top + ((high - value) / (high - low)) * (height - top - bottom);
  const slot = (width - left - right) / methods.length;
  const levels = Array.from(
    { length: Math.round((high - low) / GRID) + 1 },
    (_, i) => low + i * GRID,
  );
  const grid = levels.map(
    (level) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(level).toFixed(1)}" y2="${y(level).toFixed(1)}" stroke="${INK.grid}"/>` +
      `<text x="${left - 6}" y="${(y(level) + 4).toFixed(1)}" text-anchor="end" fill="${INK.soft}">${level.toFixed(2)}</text>`,
  );
  const names = methods.map(
    (method, i) =>
      `<text x="${(left + (i + 0.5) * slot).toFixed(1)}" y="${height - 12}" text-anchor="middle" fill="${INK.text}">${method}</text>`,
  );
  const dots = cells.map((cell) => {
    const place = ABLATION.poolings.indexOf(cell.pooling) - (ABLATION.poolings.length - 1) / 2;
    const x = left + (methods.indexOf(cell.method) + 0.5) * slot + place * STEP;
    return dot(cell, figure, x, y);
  });
  return [
    `<g transform="translate(0 ${offset})">`,
    `<text x="${left}" y="18" font-weight="600" fill="${INK.text}">${TITLES[figure]}</text>`,
    ...legend(),
    ...grid,
    ...names,
    ...dots,
    '</g>',
  ].join('\n');
}

function dot(cell: Cell, figure: Figure, x: number, y: (value: number) => number): string {
  const { mean, deviation } = cell[figure];
  const colour = COLOURS[cell.pooling];
  const bar =
    deviation === null
      ? ''
      : `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${y(mean - deviation).toFixed(1)}" y2="${y(mean + deviation).toFixed(1)}" stroke="${colour}" stroke-width="1.5"/>`;
  return `${bar}<circle cx="${x.toFixed(1)}" cy="${y(mean).toFixed(1)}" r="4" fill="${colour}"/>`;
}

function legend(): string[] {
  const spacing = 74;
  const from = PANEL.width - PANEL.right - spacing * ABLATION.poolings.length;
  return ABLATION.poolings.map((pooling, i) => {
    const x = from + i * spacing;
    return `<circle cx="${x}" cy="14" r="4" fill="${COLOURS[pooling]}"/><text x="${x + 9}" y="18" fill="${INK.text}">${pooling}</text>`;
  });
}
