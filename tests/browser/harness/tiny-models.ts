// A models folder with the tiny network of the parity tests: opens in milliseconds, needs no training.
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chooseBackend } from '../../../src/inference/backend.ts';
import { makeGolden } from '../../../src/inference/golden.ts';
import { openNetwork } from '../../../src/inference/network.ts';
import { nodeRuntime } from '../../../src/inference/node-runtime.ts';
import type { EncoderEntry, Registry, VerifiedFile } from '../../../src/weights/registry.ts';
import { readSafetensors } from '../../../src/weights/safetensors.ts';
import { sha256Sync } from '../../../src/weights/sha256.ts';

const WEIGHTS = resolve(import.meta.dirname, '../../fixtures/parity/tiny.safetensors');

const SPEC = {
  id: 'tiny',
  title: 'Tiny network with random weights',
  arch: 'efficientnet-lite',
  spec: 'tiny',
  input: { views: [64, 96], multiple: 32, mean: [127, 127, 127], std: [128, 128, 128] },
  pooling: { kind: 'gem', p: 3 },
  dim: 16,
  licence: 'Apache-2.0',
  card: 'none: it knows nothing',
} as const satisfies Partial<EncoderEntry>;

/** @param golden `wrong` = the known embedding is another picture's, so that every self-test fails */
export async function writeTinyModels(folder: string, golden: 'right' | 'wrong'): Promise<void> {
  await mkdir(folder, { recursive: true });
  const put = async (file: string, content: Uint8Array | object): Promise<VerifiedFile> => {
    const json = content instanceof Uint8Array ? null : JSON.stringify(content);
    const bytes = json === null ? (content as Uint8Array) : new TextEncoder().encode(json);
    await writeFile(join(folder, file), bytes);
    return { file, bytes: bytes.byteLength, sha256: sha256Sync(bytes) };
  };
  const weights = new Uint8Array(readFileSync(WEIGHTS));
  const runtime = nodeRuntime();
  const choice = chooseBackend('wasm', await runtime.facts());
  const network = await openNetwork(runtime, choice, SPEC, readSafetensors(weights), 'embedding');
  const known = await makeGolden(network, SPEC.input);
  await network.release();
  const other = { ...known, embedding: known.embedding.toReversed() };
  const entry: EncoderEntry = {
    ...SPEC,
    weights: await put('tiny.safetensors', weights),
    golden: await put('golden.json', golden === 'right' ? known : other),
    // Recognition reads these; encoding does not.
    bank: await put('bank.json', {}),
    decision: await put('decision.json', {}),
  };
  const registry: Registry = { version: 1, defaultEncoder: SPEC.id, encoders: [entry] };
  await put('registry.json', registry);
}
