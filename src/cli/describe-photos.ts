// Descriptors (before whitening) of every photo that the validation protocol has a part for.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Role, roleOf, type ValidationSplit } from '../evaluation/protocol.ts';
import { decodePhoto } from '../imaging/decode-node.ts';
import { toViews } from '../imaging/to-tensor.ts';
import { chooseBackend } from '../inference/backend.ts';
import { type EncoderNetwork, openNetwork } from '../inference/network.ts';
import { nodeRuntime } from '../inference/node-runtime.ts';
import type { EmittedEncoder } from '../nets/encoder.ts';
import type { DescribedPhoto } from '../training/descriptors.ts';
import { parseJson } from '../weights/load-registry.ts';
import type { EncoderEntry } from '../weights/registry.ts';
import type { Weights } from '../weights/safetensors.ts';
import { encodePhotos, type VectorSource } from './encode-photos.ts';
import { modelsFolder } from './models.ts';
import { note, progressLine, usage } from './output.ts';
import { type ListedPhoto, readManifests } from './photo-list.ts';

export const SPLIT_FILE = 'validation-split.json';

export async function readSplit(): Promise<ValidationSplit> {
  const file = join(modelsFolder(), SPLIT_FILE);
  const bytes = await readFile(file).catch(() => {
    throw usage(`${file} is missing.`, 'Make it with `cairn split`.');
  });
  return parseJson(bytes, SPLIT_FILE) as ValidationSplit;
}

/** An encoder without its whitening: what decides a descriptor. */
export type DescriptorEntry = EmittedEncoder & Pick<EncoderEntry, 'input'>;

/** Opens the network in Node with the raw descriptor as output. */
export async function openNodeNetwork(
  entry: DescriptorEntry,
  weights: Weights,
  output: 'descriptor' | 'embedding',
): Promise<EncoderNetwork> {
  const runtime = nodeRuntime();
  const choice = chooseBackend(runtime.defaultWish, await runtime.facts());
  return openNetwork(runtime, choice, entry, weights, output);
}

/** The photos of the manifests that have a role, with their descriptors; unreadable ones are told. */
export async function describePhotos(
  manifests: readonly string[],
  entry: DescriptorEntry,
  weights: Weights,
  length: number,
): Promise<DescribedPhoto[]> {
  const split = await readSplit();
  const photos: (ListedPhoto & { readonly role: Role })[] = (await readManifests(manifests))
    .map((photo) => ({ ...photo, role: roleOf(photo, split) }))
    .filter((photo) => photo.role !== 'none');
  const network = await openNodeNetwork(entry, weights, 'descriptor');
  const source: VectorSource = {
    name: `${entry.id}-${descriptorKey(partsOf(entry), weights)}-descriptor`,
    dim: length,
    encode: async (photo) => network.run(toViews(await decodePhoto(photo), entry.input)),
  };
  const described: DescribedPhoto[] = [];
  for await (const result of encodePhotos(photos, source, { onProgress: progressLine('encode') })) {
    const { path, label, role } = result.photo;
    if ('problem' in result) note(`skipped ${path}: ${result.problem}`);
    else described.push({ path, label, role, descriptor: result.vector });
  }
  await network.release();
  return described;
}

function partsOf({ arch, spec, pooling, input }: DescriptorEntry) {
  return { arch, spec, pooling, input };
}

/**
 * Changes with everything that a descriptor depends on, and with nothing else.
 * @param parts all of an encoder but its weights
 */
export function descriptorKey(parts: object, weights: Weights): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(parts));
  for (const name of [...weights.keys()].filter((n) => !n.startsWith('whitening.')).sort()) {
    hash.update(name).update(weights.get(name)!.data);
  }
  return hash.digest('hex').slice(0, 12);
}
