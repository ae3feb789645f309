// From a photo's bytes to an answer: the whole of Cairn beside the plainest way to do it, an embedder and a loop.
import { existsSync } from 'node:fs';
import { openStages } from '../../src/cli/commands/recognize.ts';
import { readPhoto, type VectorSource } from '../../src/cli/encode-photos.ts';
import { note } from '../../src/cli/output.ts';
import { type ListedPhoto, readManifests } from '../../src/cli/photo-list.ts';
import { decodePhoto } from '../../src/imaging/decode-node.ts';
import { recognize } from '../../src/recognizer.ts';
import { ClusteredVectors } from '../clustered.ts';
import { drawnPhotos } from '../encode.ts';
import { openNsfwjs } from './nsfwjs.ts';
import {
  embedGallery,
  galleryPhotos,
  MANIFEST,
  PLAIN_NAME,
  plainLite0,
  unit,
} from './plain-embedder.ts';
import { inRounds, type Way, type WayTiming } from './rounds.ts';
import { plainExact } from './search-peers.ts';

/** Of a drawn gallery: about as many as the default collection has. */
const DRAWN_ROWS = 3000;
const WARM_UP = 3;

export interface WholeRow extends WayTiming {
  readonly name: string;
  /** Photos whose first label is right; null where the photos or the rows are drawn. */
  readonly right: number | null;
  readonly rows: number;
}

export interface WholePart {
  readonly photos: number;
  /** Photos of landmarks that are in the collection; null for drawn photos. */
  readonly landmarks: number | null;
  readonly what: string;
  readonly backend: string;
  readonly ways: readonly WholeRow[];
}

interface Asked {
  readonly bytes: Uint8Array;
  readonly label: string;
}

interface Recognizer {
  readonly name: string;
  readonly rows: number;
  /** Whether its labels are the photos' own. */
  readonly labelled: boolean;
  /** The best label, whatever the verdict. */
  answer(photo: Uint8Array): Promise<string | null>;
}

/** @param count of photos */
export async function benchWhole(count: number): Promise<WholePart> {
  const real = existsSync(MANIFEST);
  if (!real) note('skipped: ../shared/data is absent, drawn photos are timed instead');
  const asked = real ? await queryPhotos(count) : await drawn(count);
  const { cairn, backend } = await openCairn();
  const gallery = real ? await galleryPhotos() : null;
  const recognizers = [
    cairn,
    await embedAndSearch(PLAIN_NAME, await plainLite0(), gallery),
    // Its network was trained for something else: what it finds says nothing, so that its rows may be drawn.
    await embedAndSearch('NSFWJS MobileNetV2 and a loop', await nsfwjsSource(), null),
  ];
  const right = new Map(recognizers.map(({ name }) => [name, 0]));
  const ways: Way[] = recognizers.map(({ name, answer }) => ({
    name,
    run: async (round) => {
      const { bytes, label } = asked[Math.max(0, round)]!;
      const found = await answer(bytes);
      if (round >= 0 && label !== '' && found === label) right.set(name, right.get(name)! + 1);
    },
  }));
  const times = await inRounds(ways, { rounds: asked.length, warmUp: WARM_UP });
  return {
    photos: asked.length,
    landmarks: real ? asked.filter(({ label }) => label !== '').length : null,
    what: real ? 'photos of the split "query"' : 'drawn photos',
    backend,
    ways: recognizers.map(({ name, rows, labelled }) => ({
      name,
      rows,
      ...times.get(name)!,
      right: real && labelled ? right.get(name)! : null,
    })),
  };
}

async function openCairn(): Promise<{ cairn: Recognizer; backend: string }> {
  const stages = await openStages({});
  return {
    backend: stages.backend,
    cairn: {
      name: 'Cairn',
      rows: stages.search.rows,
      labelled: true,
      answer: async (photo) => (await recognize(photo, stages)).candidates[0]?.label ?? null,
    },
  };
}

/** The nearest of the same photos that the default collection holds, by another embedding. */
async function embedAndSearch(
  name: string,
  source: VectorSource,
  gallery: readonly ListedPhoto[] | null,
): Promise<Recognizer> {
  const { vectors, labels } = gallery
    ? await embedGallery(name, source, gallery)
    : drawnGallery(source.dim);
  const index = plainExact(vectors, source.dim);
  return {
    name,
    rows: labels.length,
    labelled: gallery !== null,
    answer: async (photo) => {
      const [row] = Array.from(await index.search(await source.encode(photo), 1));
      return labels[row ?? -1] ?? null;
    },
  };
}

/** Evenly from the whole split, which is for reports alone: nothing is chosen by it. */
async function queryPhotos(count: number): Promise<Asked[]> {
  const photos = (await readManifests([MANIFEST])).filter(({ split }) => split === 'query');
  const chosen = Array.from(
    { length: Math.min(count, photos.length) },
    (_, i) => photos[Math.floor((i * photos.length) / count)]!,
  );
  return Promise.all(
    chosen.map(async ({ file, label }) => ({ bytes: await readPhoto(file), label })),
  );
}

async function drawn(count: number): Promise<Asked[]> {
  return (await drawnPhotos(count)).map((bytes) => ({ bytes, label: '' }));
}

function drawnGallery(dim: number) {
  const rows = DRAWN_ROWS;
  const drawing = new ClusteredVectors({ rows, dim, seed: 1 });
  const { places } = drawing;
  const vectors = new Float32Array(rows * dim);
  const place = (row: number) => row % places.length;
  for (let row = 0; row < rows; row++) {
    vectors.set(drawing.photo(place(row), row), row * dim);
  }
  return { vectors, labels: Array.from({ length: rows }, (_, row) => String(place(row))) };
}

async function nsfwjsSource(): Promise<VectorSource> {
  const embedder = await openNsfwjs();
  return {
    name: 'bench-nsfwjs-mobilenet-v2',
    dim: 1280,
    encode: async (photo) => unit(await embedder.embed(await decodePhoto(photo))),
  };
}
