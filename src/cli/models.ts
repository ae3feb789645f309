// Where models lie, an encoder with its re-ranker opened from there, and what commands write there.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Encoder, EncoderInfo } from '../inference/encoder.ts';
import { createNodeEncoder } from '../inference/node-encoder.ts';
import type { LongWork } from '../progress.ts';
import { loadReranker, type RerankerModel } from '../rerank/load-reranker.ts';
import { findServed, parseRegistry, REGISTRY_FILE } from '../weights/load-registry.ts';
import { folderSource } from '../weights/node-source.ts';
import type { Registry, VerifiedFile } from '../weights/registry.ts';
import { readSafetensors, type Weights } from '../weights/safetensors.ts';
import { sha256Sync } from '../weights/sha256.ts';

/** The folder of models: CAIRN_MODELS, or the one that comes with Cairn. */
export function modelsFolder(): string {
  return process.env.CAIRN_MODELS ?? fileURLToPath(new URL('../../models', import.meta.url));
}

/** That of the folder of models. Throws `model-missing`, `model-invalid`. */
export async function readRegistry(): Promise<Registry> {
  return parseRegistry(await folderSource(modelsFolder()).registry());
}

export interface OpenModel {
  readonly encoder: Encoder;
  readonly info: EncoderInfo;
  readonly reranker: RerankerModel;
}

/** @param id which encoder or ensemble; the default one when left out. Throws `model-*`, `hash-mismatch`. */
export async function openModel(id?: string, work: LongWork = {}): Promise<OpenModel> {
  const source = folderSource(modelsFolder());
  const served = findServed(parseRegistry(await source.registry(work)), id);
  const encoder = createNodeEncoder({ models: modelsFolder(), encoder: served.id });
  const info = await encoder.open(work);
  return { encoder, info, reranker: await loadReranker(source, served, work) };
}

/** Weights of the registry's first encoder of that network, verified; null where it has none. Throws as openModel. */
export async function networkWeights(arch: string, spec: string): Promise<Weights | null> {
  const source = folderSource(modelsFolder());
  const { encoders } = await readRegistry();
  const entry = encoders.find((each) => each.arch === arch && each.spec === spec);
  return entry ? readSafetensors(await source.file(entry.weights)) : null;
}

/** Into the folder of models. @returns what the registry says of the file */
export async function writeModel(file: string, bytes: Uint8Array): Promise<VerifiedFile> {
  await writeFile(join(modelsFolder(), file), bytes);
  return { file, bytes: bytes.length, sha256: sha256Sync(bytes) };
}

/** Throws `model-invalid` rather than writing what could not be read again. */
export async function writeRegistry(registry: Registry): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(registry, null, 2)}\n`);
  parseRegistry(bytes);
  await writeModel(REGISTRY_FILE, bytes);
}
