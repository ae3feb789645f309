// Seeded unit vectors that cluster as real embeddings do: photos around places, places around kinds.
//
// On pure noise every row is about as far as every other, and HNSW finds a third of the nearest; with
// clusters far apart it finds all. Real embeddings lie between: near photos of a place, and poor ones
// that are as near to another.

export interface ClusteredOptions {
  readonly rows: number;
  readonly dim: number;
  readonly seed: number;
}

/** Photos of a place, and places of a kind. */
const PHOTOS = 25;
const PLACES = 40;
/**
 * Length of the part that is a photo's own, against the place's unit vector: from a plain view to one
 * that has little of the place in it. Photos of one place then differ by cosines of 0.25 to 0.75.
 */
const PHOTO_NOISE = { least: 0.6, most: 1.8 };
/** The same for a place within its kind: cosine 0.5 between places, which the worst photos blur. */
const PLACE_NOISE = 1;

/** Uniform in (0, 1): xorshift32 with a multiplication, seeded. */
function uniform(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((Math.imul(state, 0x9e3779b1) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** Adds a Gaussian vector of about the given length to `base` and normalises. */
function around(base: Float32Array, length: number, random: () => number): Float32Array {
  const { length: dim } = base;
  const out = new Float32Array(dim);
  const scale = length / Math.sqrt(dim);
  let squares = 0;
  for (let i = 0; i < dim; i++) {
    // Box and Muller; one of the pair is enough, the other would halve a cost nobody waits for.
    const normal = Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    out[i] = base[i]! + scale * normal;
    squares += out[i]! * out[i]!;
  }
  const norm = Math.sqrt(squares);
  for (let i = 0; i < dim; i++) out[i] = out[i]! / norm;
  return out;
}

export class ClusteredVectors {
  readonly places: readonly Float32Array[];
  readonly #seed: number;

  constructor({ rows, dim, seed }: ClusteredOptions) {
    const random = uniform(seed);
    const origin = new Float32Array(dim);
    const count = Math.max(1, Math.round(rows / PHOTOS));
    const kinds = Array.from({ length: Math.ceil(count / PLACES) }, () =>
      around(origin, 1, random),
    );
    this.places = Array.from({ length: count }, (_, i) =>
      around(kinds[i % kinds.length]!, PLACE_NOISE, random),
    );
    this.#seed = seed;
  }

  /** A photo of a place; `which` tells photos apart, and the same one is always the same vector. */
  photo(place: number, which: number): Float32Array {
    const random = uniform(this.#seed + 7919 * (which + 1) + 104729 * (place + 1));
    const { least, most } = PHOTO_NOISE;
    const noise = least + (most - least) * random();
    return around(this.places[place % this.places.length]!, noise, random);
  }
}
