// What the registry calls an encoder, one network or an ensemble: which of them is known on first use.
import type { LongWork } from '../progress.ts';
import {
  findEnsemble,
  findServed,
  type ModelSource,
  parseRegistry,
} from '../weights/load-registry.ts';
import type { EnsembleEntry, Registry } from '../weights/registry.ts';
import type { Encoder, EncoderInfo, Encoding } from './encoder.ts';
import { EnsembleEncoder } from './ensemble-encoder.ts';
import { parseGolden } from './golden.ts';
import { loadEncoderModel } from './load-encoder.ts';
import { OrtEncoder, type OrtEncoderParts } from './ort-encoder.ts';

export interface RegistryEncoderParts extends Omit<OrtEncoderParts, 'load'> {
  /** Opens the place of the models; called on first use. */
  readonly source: () => Promise<ModelSource>;
  /** An encoder or an ensemble; the registry's default when left out. */
  readonly id?: string | undefined;
}

export class RegistryEncoder implements Encoder {
  readonly #parts: RegistryEncoderParts;
  #inner: Promise<OrtEncoder | EnsembleEncoder> | null = null;

  constructor(parts: RegistryEncoderParts) {
    this.#parts = parts;
  }

  /** Throws `model-missing` for an unknown id, and as {@link OrtEncoder.open}. */
  async open(work: LongWork = {}): Promise<EncoderInfo> {
    return (await this.#find(work)).open(work);
  }

  async encode(photo: Blob | Uint8Array, work: LongWork = {}): Promise<Encoding> {
    return (await this.#find(work)).encode(photo, work);
  }

  /** Frees all sessions; a later call opens them again. */
  async dispose(): Promise<void> {
    const inner = await this.#inner?.catch(() => null);
    await inner?.dispose();
  }

  #find(work: LongWork): Promise<OrtEncoder | EnsembleEncoder> {
    this.#inner ??= this.#make(work).catch((thrown) => {
      // The next call tries again: a download may have been cut.
      this.#inner = null;
      throw thrown;
    });
    return this.#inner;
  }

  async #make(work: LongWork): Promise<OrtEncoder | EnsembleEncoder> {
    const source = await this.#parts.source();
    const registry = parseRegistry(await source.registry(work));
    const ensemble = findEnsemble(registry, this.#parts.id);
    return ensemble
      ? this.#ensemble(source, registry, ensemble)
      : this.#member(source, this.#parts.id);
  }

  #member(source: ModelSource, id: string | undefined): OrtEncoder {
    return new OrtEncoder({
      ...this.#parts,
      load: (work) => loadEncoderModel(source, id, work),
    });
  }

  #ensemble(source: ModelSource, registry: Registry, entry: EnsembleEntry): EnsembleEncoder {
    const { id, golden } = entry;
    const { dim } = findServed(registry, id);
    return new EnsembleEncoder({
      id,
      decode: this.#parts.decode,
      members: entry.members.map(({ encoder, weight }) => ({
        encoder: this.#member(source, encoder),
        weight,
      })),
      golden:
        golden && (async (work) => parseGolden(await source.file(golden, work), { golden, dim })),
    });
  }
}
