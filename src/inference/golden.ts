// The self-test: a picture drawn by code has a known embedding, and every backend must agree with it.
import { CairnError } from '../errors.ts';
import { drawScene } from '../imaging/drawn.ts';
import { toViews } from '../imaging/to-tensor.ts';
import { parseJson } from '../weights/load-registry.ts';
import type { EncoderEntry } from '../weights/registry.ts';
import type { EncoderNetwork } from './network.ts';

/** The built-in picture: `drawScene(seed, view)`. */
export const GOLDEN_SCENE = { seed: 7, view: 0 } as const;

/** Least cosine between the known embedding and the one computed here. */
export const GOLDEN_COSINE = 0.999;

/** What an encoder's `golden` file holds. */
export interface GoldenFile {
  readonly scene: { readonly seed: number; readonly view: number };
  /** [dim], L2-normalised. */
  readonly embedding: readonly number[];
}

/** Embeds the built-in picture, as a photo of these pixels would be. */
export function embedGolden(
  network: EncoderNetwork,
  input: EncoderEntry['input'],
): Promise<Float32Array> {
  return network.run(toViews(drawScene(GOLDEN_SCENE.seed, GOLDEN_SCENE.view), input));
}

/** The golden file of an encoder, for the command that fits it. */
export async function makeGolden(
  network: EncoderNetwork,
  input: EncoderEntry['input'],
): Promise<GoldenFile> {
  return { scene: GOLDEN_SCENE, embedding: [...(await embedGolden(network, input))] };
}

/** Throws `model-invalid` for another picture, another length or anything that is no number. */
export function parseGolden(
  bytes: Uint8Array,
  entry: Pick<EncoderEntry, 'golden' | 'dim'>,
): Float32Array {
  const golden = parseJson(bytes, entry.golden.file) as Partial<GoldenFile> | null;
  const { scene, embedding } = golden ?? {};
  const fits =
    scene?.seed === GOLDEN_SCENE.seed &&
    scene.view === GOLDEN_SCENE.view &&
    Array.isArray(embedding) &&
    embedding.length === entry.dim &&
    // As float32: larger ones become infinite.
    embedding.every((value) => typeof value === 'number' && Number.isFinite(Math.fround(value)));
  if (fits) return Float32Array.from(embedding);
  throw new CairnError(
    'model-invalid',
    `${entry.golden.file} is not the known embedding of the built-in picture.`,
    'Install Cairn again, or fit the models again.',
  );
}

/**
 * Cosine of the self-test, −1..1. Throws `inference-failed` below {@link GOLDEN_COSINE}.
 * @param golden [dim], L2-normalised
 */
export async function selfTest(
  network: EncoderNetwork,
  input: EncoderEntry['input'],
  golden: Float32Array,
): Promise<number> {
  const here = await embedGolden(network, input);
  const cosine = here.reduce((sum, value, i) => sum + value * golden[i]!, 0);
  if (cosine >= GOLDEN_COSINE) return cosine;
  throw new CairnError(
    'inference-failed',
    `The self-test gave a cosine of ${cosine.toFixed(4)} instead of at least ${GOLDEN_COSINE}.`,
    'Reload; if it happens again, choose another backend in the settings.',
  );
}
