// The arithmetic of a chart of curves: where points lie, and which numbers stand at the axes.

export interface Series {
  readonly id: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Scales {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
}

/** x begins at 0 and ends at `end`; y spans the points, from round numbers to round numbers. */
export function scalesOf(series: readonly Series[], end: number, frame: Frame): Scales {
  const values = series.flatMap(({ points }) => points.map(([, y]) => y));
  const yTicks = roundTicks(Math.min(0, ...values), Math.max(0.01, ...values));
  const xTicks = roundTicks(0, Math.max(1, end)).filter((tick) => tick <= end);
  const [low, high] = [yTicks[0]!, yTicks.at(-1)!];
  const wide = frame.width - frame.left - frame.right;
  const tall = frame.height - frame.top - frame.bottom;
  return {
    x: (value) => frame.left + (value / Math.max(1, end)) * wide,
    y: (value) => frame.top + ((high - value) / (high - low)) * tall,
    xTicks,
    yTicks,
  };
}

const STEPS_WANTED = 4;

/** Multiples of 1, 2 or 5 times a power of ten that enclose the range, about five of them. */
export function roundTicks(low: number, high: number): number[] {
  const rough = (high - low) / STEPS_WANTED;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999) ?? 10 * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** An SVG path through the points. */
export function pathOf(points: Series['points'], { x, y }: Pick<Scales, 'x' | 'y'>): string {
  return points
    .map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px).toFixed(1)} ${y(py).toFixed(1)}`)
    .join('');
}
