// `cairn recognize`: the whole pipeline in Node, a line of JSON or of words for each photo.
import { toPlainError } from '../../errors.ts';
import { backendInWords } from '../../inference/backend.ts';
import { recognize as recognizePhoto, type Stages } from '../../recognizer.ts';
import { RERANK } from '../../rerank/presets.ts';
import { type Answer, failureOf, resultOf } from '../../verdict.ts';
import { openForSearch } from '../collections.ts';
import { readPhoto } from '../encode-photos.ts';
import { readPlaceFilter } from '../flags.ts';
import { openModel } from '../models.ts';
import { nodeVerifier } from '../node-verifier.ts';
import { note, printJson, say } from '../output.ts';

export interface RecognizeOptions {
  readonly collection?: string;
  readonly encoder?: string;
  readonly country?: string;
  readonly near?: string;
  readonly json?: boolean;
}

export async function recognize(photos: string[], options: RecognizeOptions): Promise<void> {
  const where = readPlaceFilter(options);
  const stages = await openStages(options);
  for (const photo of photos) {
    try {
      const verdict = await recognizePhoto(await readPhoto(photo), stages, { where });
      if (options.json) printJson(resultOf(photo, verdict), { lines: true });
      else say(`${photo}: ${inWords(verdict, stages)}`);
    } catch (thrown) {
      const { code, message, remedy } = toPlainError(thrown);
      if (!code.startsWith('photo-')) throw thrown;
      if (options.json) printJson(failureOf(photo, { code, message }), { lines: true });
      else note(`${photo}: ${message} ${remedy}`);
      // The others are still done; the exit code tells.
      process.exitCode = 2;
    }
  }
}

/** Encoder, collection and re-ranker, open and matching each other. */
export async function openStages(options: RecognizeOptions): Promise<Stages> {
  const { encoder, info, reranker } = await openModel(options.encoder);
  const { search, describe } = await openForSearch(options.collection, {
    encoder: { id: info.id, weightsSha256: info.weightsSha256, dim: info.dim },
  });
  const collection = await describe();
  const backend = backendInWords(info.backend);
  const verifier = await nodeVerifier(collection, search);
  const { labels } = collection;
  return { encoder, search, labels, reranker, preset: RERANK, backend, verifier };
}

function inWords(verdict: Answer, { labels }: Stages): string {
  const sure = `${(100 * verdict.confidence).toFixed(0)} %`;
  switch (verdict.kind) {
    case 'landmark': {
      const facts = labels.find((l) => l.label === verdict.label);
      return `${facts?.title.en ?? verdict.label} (${sure})`;
    }
    case 'unlisted':
      return 'a landmark that is not in this collection';
    case 'not-landmark':
      return 'no landmark';
  }
}
