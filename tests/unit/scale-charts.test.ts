// The picture of costs by rows: every figure in its place, on axes that grow by factors.
import { describe, expect, it } from 'vitest';
import { scaleCharts } from '../../src/evaluation/scale-charts.ts';

describe('a picture of costs', () => {
  const svg = scaleCharts(
    [
      {
        title: 'A search',
        unit: 'ms',
        lines: [
          {
            name: 'exact & all',
            points: [
              { rows: 1000, value: 0.1 },
              { rows: 10_000, value: 1 },
              { rows: 100_000, value: 10 },
            ],
          },
          { name: 'HNSW', points: [{ rows: 10_000, value: 1 }] },
        ],
      },
    ],
    'Costs',
  );

  it('puts equal factors at equal distances', () => {
    const [line] = [...svg.matchAll(/<polyline points="([^"]+)"/g)].map(([, points]) =>
      points!.split(' ').map((point) => point.split(',').map(Number)),
    );
    const [a, b, c] = line as [number[], number[], number[]];
    expect(b[0]! - a[0]!).toBeCloseTo(c[0]! - b[0]!, 0);
    expect(a[1]! - b[1]!).toBeCloseTo(b[1]! - c[1]!, 0);
    expect(c[0]).toBeGreaterThan(a[0]!);
    expect(c[1]).toBeLessThan(a[1]!); // larger values lie higher
  });

  it('names its lines, its axes and itself', () => {
    expect(svg).toContain('exact &amp; all');
    expect(svg).toContain('A search, ms');
    expect(svg).toContain('<title>Costs</title>');
    expect(svg).toContain('>100 k<');
    expect(svg.match(/<circle/g)).toHaveLength(4);
  });
});
