// The drawn pictures: the same every time, views of a scene alike, scenes apart.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DRAWN, type Drawing, drawOther, drawScene } from '../../src/imaging/drawn.ts';
import { resizeBilinear } from '../../src/imaging/resize.ts';

/** A coarse look at a picture: 8 × 6 colours. */
function glance(drawing: Drawing): Float32Array {
  return resizeBilinear(drawing, 8, 6);
}

function sha256({ data }: Drawing): string {
  return createHash('sha256').update(data).digest('hex');
}

function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

describe('drawn pictures', () => {
  it('have their size, and all of their range', () => {
    const { width, height, channels, data } = drawScene(0, 0);
    expect({ width, height, channels }).toEqual({ ...DRAWN, channels: 3 });
    expect(data.length).toBe(width * height * 3);
    expect(new Set(data).size).toBeGreaterThan(150);
  });

  it('are the same every time', () => {
    expect(sha256(drawScene(3, 2))).toBe(sha256(drawScene(3, 2)));
    expect(sha256(drawOther(0))).toBe(sha256(drawOther(0)));
    expect(sha256(drawScene(3, 2))).not.toBe(sha256(drawScene(3, 1)));
  });

  it('keep the bytes that the golden embedding was made of', () => {
    expect(sha256(drawScene(0, 0))).toMatchInlineSnapshot(
      `"104d2433b807ef33fdf7f8211c1b62dd83702cad99c3e916cb4524986e3a026f"`,
    );
  });

  it('show a scene alike in all its views, and apart from the others', () => {
    const seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15];
    const first = seeds.map((seed) => glance(drawScene(seed, 0)));
    let near = 0;
    for (const [i, seed] of seeds.entries()) {
      const other = glance(drawScene(seed, 1));
      const distances = first.map((look) => distance(look, other));
      if (distances.indexOf(Math.min(...distances)) === i) near++;
    }
    // Even by 48 colours most views find their own scene.
    expect(near).toBeGreaterThanOrEqual(9);
    for (const [i, look] of first.entries()) {
      for (const later of first.slice(i + 1)) expect(distance(look, later)).toBeGreaterThan(15);
    }
  });
});
