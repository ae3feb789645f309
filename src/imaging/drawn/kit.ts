// What the invented landmarks are made of: materials, the ground they stand on, even spacing.
import type { Chance, Paint, Rgb, Shape } from './shapes.ts';

/** Where buildings meet the ground, in units of half the picture's height. */
export const GROUND = 0.6;

/** A landmark's own colours and surfaces. */
export interface Materials {
  readonly wall: Paint;
  readonly wallColour: Rgb;
  readonly roof: Paint;
  readonly dark: Paint;
  readonly accent: Paint;
}

/**
 * Builds one kind of landmark, its measures drawn by chance: shapes from back to front that stand
 * on y = GROUND around x = 0, within |x| ≤ 1.35 and y ≥ −1.
 */
export type Builder = (c: Chance, m: Materials) => Shape[];

/** `count` positions, evenly spread over [from, to], ends included. */
export function spread(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / Math.max(1, count - 1));
}
