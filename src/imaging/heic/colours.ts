// From the colours that a HEIC states to sRGB. Browsers and sharp do this for the formats that they decode; libheif does not.
import type { HeifColours } from '../heif-header.ts';

type Matrix = readonly [number, number, number, number, number, number, number, number, number];
/** From a value as stored to light, both 0..1. */
type Curve = (value: number) => number;

interface ColourSpace {
  readonly curves: readonly [Curve, Curve, Curve];
  /** From its light to that of sRGB, row by row. */
  readonly toSrgb: Matrix;
}

/** CIE XYZ at D50 (what ICC profiles connect by) to linear sRGB, adapted after Bradford; IEC 61966-2-1. */
const XYZ_D50_TO_SRGB: Matrix = [
  3.1338561, -1.6168667, -0.4906146, -0.9787684, 1.9161415, 0.033454, 0.0719453, -0.2289914,
  1.4052427,
];
const SAME: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];
/** ITU-T H.273's numbers of colour primaries that differ from sRGB's and share its white. */
const PRIMARIES: Readonly<Record<number, Matrix>> = {
  // BT.2020
  9: [1.660491, -0.587641, -0.07285, -0.12455, 1.1329, -0.008349, -0.018151, -0.100579, 1.11873],
  // Display P3
  12: [1.2249401, -0.2249404, 0, -0.0420569, 1.0420571, 0, -0.0196376, -0.0786361, 1.0982735],
};

const srgbCurve: Curve = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
/** White of ordinary pictures within HDR ones, in candela a square metre (ITU-R BT.2408). */
const HDR_WHITE = 203;

/** ITU-T H.273's transfer characteristics; what is not here is as good as sRGB's, as browsers treat it. */
const TRANSFERS: Readonly<Record<number, Curve>> = {
  4: (v) => v ** 2.2,
  5: (v) => v ** 2.8,
  8: (v) => v,
  // SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG), as BT.2100 has them; what is brighter than white is cut.
  16: (v) => {
    const p = v ** (1 / 78.84375);
    const light =
      (Math.max(p - 0.8359375, 0) / (18.8515625 - 18.6875 * p)) ** (1 / 0.1593017578125);
    return (10_000 / HDR_WHITE) * light;
  },
  18: (v) => {
    const light = (x: number) =>
      x <= 0.5 ? (x * x) / 3 : (Math.exp((x - 0.55991073) / 0.17883277) + 0.28466892) / 12;
    return light(v) / light(0.75);
  },
};

/**
 * What converts pixels, [pixels, 4], to sRGB, in place; the fourth channel is not looked at. Profiles that are no
 * matrix with curves (of printers, of grey) are left alone.
 */
export function srgbConverter(colours: HeifColours | null): (rgba: Uint8ClampedArray) => void {
  const space = colours && spaceOf(colours);
  if (!space || isSrgb(space)) return () => undefined;
  const [red, green, blue] = space.curves.map((curve) =>
    Float32Array.from({ length: 256 }, (_, i) => curve(i / 255)),
  ) as [Float32Array, Float32Array, Float32Array];
  const [a, b, c, d, e, f, g, h, i] = space.toSrgb;
  return (rgba) => {
    for (let at = 0; at < rgba.length; at += 4) {
      const r = red[rgba[at]!]!; // each table has all 256 values
      const gr = green[rgba[at + 1]!]!;
      const bl = blue[rgba[at + 2]!]!;
      rgba[at] = encode(a * r + b * gr + c * bl);
      rgba[at + 1] = encode(d * r + e * gr + f * bl);
      rgba[at + 2] = encode(g * r + h * gr + i * bl);
    }
  };
}

/** Fine enough that a step of it is less than a level even in the darkest part, where sRGB is steepest. */
const STEPS = 8192;
const ENCODED = Uint8Array.from({ length: STEPS + 1 }, (_, i) => {
  const light = i / STEPS;
  const value = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(255 * value);
});

/** Linear sRGB, 0..1 and beyond, to a byte. */
function encode(light: number): number {
  return ENCODED[Math.round(STEPS * Math.min(1, Math.max(0, light)))]!; // within the table
}

function isSrgb({ curves, toSrgb }: ColourSpace): boolean {
  const near = (one: number, other: number) => Math.abs(one - other) < 0.004;
  return (
    toSrgb.every((value, i) => near(value, SAME[i]!)) && // both have nine
    curves.every((curve) => [0.1, 0.3, 0.5, 0.8].every((v) => near(curve(v), srgbCurve(v))))
  );
}

function spaceOf(colours: HeifColours): ColourSpace | null {
  if (colours.kind === 'icc') return spaceOfProfile(colours.profile);
  const toSrgb = PRIMARIES[colours.primaries] ?? SAME;
  const curve = TRANSFERS[colours.transfer] ?? srgbCurve;
  return { curves: [curve, curve, curve], toSrgb };
}

const HEADER = 128;

/** Null for what is not RGB by a matrix and three curves (ICC.1:2022, 8.3.3), or is damaged. */
export function spaceOfProfile(profile: Uint8Array): ColourSpace | null {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const text = (at: number) => String.fromCharCode(...profile.subarray(at, at + 4));
  if (profile.length < HEADER + 4 || text(16) !== 'RGB ' || text(20) !== 'XYZ ') return null;
  try {
    const tags = new Map<string, number>();
    const count = Math.min(view.getUint32(HEADER), 200);
    for (let i = 0; i < count; i++) {
      const at = HEADER + 4 + 12 * i;
      tags.set(text(at), view.getUint32(at + 4));
    }
    const place = (tag: string): number => {
      const at = tags.get(tag);
      if (at === undefined) throw new RangeError(tag);
      return at;
    };
    const fixed = (at: number) => view.getInt32(at) / 65536;
    const columns = ['rXYZ', 'gXYZ', 'bXYZ'].map((tag) =>
      [0, 1, 2].map((i) => fixed(place(tag) + 8 + 4 * i)),
    );
    const curves = ['rTRC', 'gTRC', 'bTRC'].map((tag) => curveAt(view, place(tag)));
    const toSrgb = SAME.map((_, i) =>
      [0, 1, 2].reduce(
        (sum, k) => sum + XYZ_D50_TO_SRGB[3 * Math.floor(i / 3) + k]! * columns[i % 3]![k]!, // 3 × 3 both
        0,
      ),
    );
    return {
      curves: curves as unknown as ColourSpace['curves'],
      toSrgb: toSrgb as unknown as Matrix,
    };
  } catch (thrown) {
    // A tag that lies beyond the profile's end, or is none: the pixels stay as they are.
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

/** Parameters of a `para` curve by its function type (ICC.1:2022, 10.18). */
const PARAMETERS = [1, 3, 4, 5, 7];

/** Throws RangeError for anything but a `curv` or `para` that is whole. */
function curveAt(view: DataView, at: number): Curve {
  const type = view.getUint32(at);
  if (type === 0x63757276) return tableAt(view, at + 8);
  if (type !== 0x70617261) throw new RangeError('curve');
  const kind = view.getUint16(at + 8);
  const count = PARAMETERS[kind];
  if (count === undefined) throw new RangeError('curve');
  const given = Array.from({ length: count }, (_, i) => view.getInt32(at + 12 + 4 * i) / 65536);
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = given;
  const power = (v: number) => Math.max(0, a * v + b) ** g;
  switch (kind) {
    case 0:
      return (v) => v ** g;
    case 1:
      return (v) => (v >= -b / a ? power(v) : 0);
    case 2:
      return (v) => (v >= -b / a ? power(v) + c : c);
    case 3:
      return (v) => (v >= d ? power(v) : c * v);
    default:
      return (v) => (v >= d ? power(v) + e : c * v + f);
  }
}

function tableAt(view: DataView, at: number): Curve {
  const count = view.getUint32(at);
  if (count === 0) return (v) => v;
  if (count === 1) {
    const gamma = view.getUint16(at + 4) / 256;
    return (v) => v ** gamma;
  }
  if (count > 65536) throw new RangeError('curve');
  const table = Array.from({ length: count }, (_, i) => view.getUint16(at + 4 + 2 * i) / 65535);
  return (v) => {
    const place = v * (count - 1);
    const low = Math.min(count - 2, Math.floor(place));
    return table[low]! + (place - low) * (table[low + 1]! - table[low]!); // at least two, low within
  };
}
