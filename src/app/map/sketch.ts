// An SVG path without what no screen can show: points closer than half a pixel to the one before, and specks.
import type { GeoContext } from 'd3-geo';

/** Pixels. */
const APART = 0.6;

/** Takes what d3's geoPath draws; {@link text} is the path so far. */
export class Sketch implements GeoContext {
  #text = '';
  /** The line that is being drawn, and the last point of it that was kept. */
  #line: string[] = [];
  #x = 0;
  #y = 0;

  moveTo(x: number, y: number): void {
    this.#end('');
    this.#keep(x, y);
  }

  lineTo(x: number, y: number): void {
    if (Math.abs(x - this.#x) < APART && Math.abs(y - this.#y) < APART) return;
    this.#keep(x, y);
  }

  closePath(): void {
    this.#end('Z');
  }

  /** Points have marks of their own. */
  arc(): void {}

  beginPath(): void {}

  text(): string {
    this.#end('');
    return this.#text;
  }

  #keep(x: number, y: number): void {
    this.#x = x;
    this.#y = y;
    this.#line.push(`${tenths(x)} ${tenths(y)}`);
  }

  /** Areas need three points, lines two. */
  #end(close: 'Z' | ''): void {
    if (this.#line.length >= (close ? 3 : 2)) this.#text += `M${this.#line.join('L')}${close}`;
    this.#line = [];
  }
}

function tenths(value: number): string {
  return String(Math.round(value * 10) / 10);
}
