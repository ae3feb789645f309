// A tuned head in use: the encoder, the bank and the stored embeddings as it sees them.
import type { Encoder } from '../../inference/encoder.ts';
import type { RerankerModel } from '../../rerank/load-reranker.ts';
import { NonLandmarkBank } from '../../rerank/non-landmark-bank.ts';
import { RERANK } from '../../rerank/presets.ts';
import type { EncoderIdentity } from '../../retrieval/collection.ts';
import type { AdapterInUse } from '../../retrieval/taught-adapter.ts';
import { type Adapter, adapt, decodeAdapter } from '../../training/adapter/adapter.ts';

export interface HeadInUse {
  /** What a collection needs to be opened through it. */
  readonly inUse: AdapterInUse;
  readonly reranker: RerankerModel;
  readonly adapter: Adapter;
}

/**
 * @param bytes the safetensors file of an adapter
 * @returns null when it was made for another encoder, whose embeddings it would bend senselessly
 * Throws `model-invalid` for a damaged file.
 */
export function headInUse(
  bytes: Uint8Array,
  encoder: EncoderIdentity & { readonly dim: number },
  reranker: RerankerModel,
): HeadInUse | null {
  const { adapter, maker } = decodeAdapter(bytes);
  const same = maker.id === encoder.id && maker.weightsSha256 === encoder.weightsSha256;
  if (!same || adapter.dim !== encoder.dim) return null;
  const bank = adapt(adapter, reranker.bank.rows);
  const bankNeighbours = RERANK.penalty.referenceNeighbours;
  return {
    adapter,
    inUse: { adapter, bank, bankNeighbours },
    // A head mixes what the members say; the trees were trained without one.
    reranker: {
      ...reranker,
      bank: new NonLandmarkBank(bank, adapter.dim),
      members: [adapter.dim],
      trees: null,
    },
  };
}

/** The encoder followed by the head. */
export function throughHead(encoder: Encoder, { adapter }: HeadInUse): Encoder {
  return {
    open: (work) => encoder.open(work),
    encode: async (photo, work) => {
      const encoding = await encoder.encode(photo, work);
      return { ...encoding, embedding: adapt(adapter, encoding.embedding) };
    },
  };
}
