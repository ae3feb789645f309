// Pictures of an evaluation: GAP of each stage with its interval, and how far probabilities can be believed.
import type { Interval } from './bootstrap.ts';
import { escapeXml, INK, svgDocument } from './svg.ts';

export interface StageBar {
  readonly name: string;
  readonly gap: number;
  readonly interval: Interval;
}

const ROW = 22;
const BARS = { left: 96, right: 56, width: 360, top: 34, bottom: 26 };

/** Panels side by side, a row for each stage: a point for its GAP, a line for its interval. */
export function stagePicture(
  panels: readonly { readonly title: string; readonly bars: readonly StageBar[] }[],
): string {
  const all = panels.flatMap(({ bars }) => bars);
  const low = Math.floor(Math.min(...all.map(({ interval }) => interval.low)) * 20) / 20;
  const high = Math.ceil(Math.max(...all.map(({ interval }) => interval.high)) * 20) / 20;
  const rows = Math.max(...panels.map(({ bars }) => bars.length));
  const height = BARS.top + rows * ROW + BARS.bottom;
  const x = (gap: number) =>
    BARS.left + ((gap - low) / (high - low)) * (BARS.width - BARS.left - BARS.right);
  const ticks = Array.from({ length: Math.round((high - low) / 0.05) + 1 }, (_, i) => low + i / 20);
  const drawn = panels.map(({ title, bars }, i) =>
    [
      `<g transform="translate(${i * BARS.width} 0)">`,
      `<text x="${BARS.left}" y="18" font-weight="600" fill="${INK.text}">${escapeXml(title)}</text>`,
      ...ticks.map(
        (tick) =>
          `<line x1="${x(tick).toFixed(1)}" x2="${x(tick).toFixed(1)}" y1="${BARS.top - 6}" y2="${height - BARS.bottom}" stroke="${INK.grid}"/>` +
          `<text x="${x(tick).toFixed(1)}" y="${height - 10}" text-anchor="middle" fill="${INK.soft}">${tick.toFixed(2)}</text>`,
      ),
      ...bars.map(({ name, gap, interval }, row) => {
        const y = BARS.top + row * ROW + ROW / 2;
        return (
          `<text x="${BARS.left - 8}" y="${y + 4}" text-anchor="end" fill="${INK.text}">${escapeXml(name)}</text>` +
          `<line x1="${x(interval.low).toFixed(1)}" x2="${x(interval.high).toFixed(1)}" y1="${y}" y2="${y}" stroke="${INK.line}" stroke-opacity="0.45" stroke-width="4"/>` +
          `<circle cx="${x(gap).toFixed(1)}" cy="${y}" r="4" fill="${INK.line}"/>` +
          `<text x="${BARS.width - BARS.right + 8}" y="${y + 4}" fill="${INK.soft}">${gap.toFixed(3)}</text>`
        );
      }),
      '</g>',
    ].join('\n'),
  );
  return svgDocument({ width: panels.length * BARS.width, height }, 'GAP of each stage', drawn);
}

export interface ReliabilityBin {
  /** Lower end of the bin, 0..1. */
  readonly from: number;
  readonly queries: number;
  /** Mean confidence, 0..1. */
  readonly confidence: number;
  /** Share of right ones, 0..1. */
  readonly right: number;
}

const SQUARE = { side: 240, left: 44, top: 34, bottom: 42 };

/** Share of right answers over confidence, a panel for each split; the area of a point is its queries. */
export function reliabilityPicture(
  panels: readonly { readonly title: string; readonly bins: readonly ReliabilityBin[] }[],
): string {
  const { side, left, top, bottom } = SQUARE;
  const width = side + left + 16;
  const height = side + top + bottom;
  const x = (share: number) => left + share * side;
  const y = (share: number) => top + (1 - share) * side;
  const drawn = panels.map(({ title, bins }, i) => {
    const most = Math.max(1, ...bins.map(({ queries }) => queries));
    return [
      `<g transform="translate(${i * width} 0)">`,
      `<text x="${left}" y="18" font-weight="600" fill="${INK.text}">${escapeXml(title)}</text>`,
      ...[0, 0.25, 0.5, 0.75, 1].map(
        (share) =>
          `<line x1="${x(0)}" x2="${x(1)}" y1="${y(share)}" y2="${y(share)}" stroke="${INK.grid}"/>` +
          `<text x="${left - 6}" y="${y(share) + 4}" text-anchor="end" fill="${INK.soft}">${share}</text>` +
          `<text x="${x(share)}" y="${y(0) + 14}" text-anchor="middle" fill="${INK.soft}">${share}</text>`,
      ),
      `<line x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}" stroke="${INK.soft}" stroke-dasharray="3 3"/>`,
      ...bins
        .filter(({ queries }) => queries > 0)
        .map(
          ({ confidence, right, queries }) =>
            `<circle cx="${x(confidence).toFixed(1)}" cy="${y(right).toFixed(1)}" r="${(3 + 9 * Math.sqrt(queries / most)).toFixed(1)}" fill="${INK.line}" fill-opacity="0.6"><title>${queries}</title></circle>`,
        ),
      `<text x="${x(0.5)}" y="${height - 8}" text-anchor="middle" fill="${INK.soft}">confidence</text>`,
      '</g>',
    ].join('\n');
  });
  return svgDocument(
    { width: panels.length * width, height },
    'Share of right answers by confidence',
    drawn,
  );
}

/** Expected calibration error (Naeini et al. 2015): mean of |right − confidence| over queries, 0..1. */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, { queries }) => sum + queries, 0);
  const off = bins.reduce(
    (sum, { queries, confidence, right }) => sum + queries * Math.abs(right - confidence),
    0,
  );
  return total === 0 ? 0 : off / total;
}
