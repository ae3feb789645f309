// A second collection for the page, of other drawn scenes, a scene a shard: handed to the page by its tests.
import type { BrowserContext, Route } from 'playwright-core';
import { openModel } from '../../../src/cli/models.ts';
import { RERANK } from '../../../src/rerank/presets.ts';
import { COLLECTION_FILE, parseCollection } from '../../../src/retrieval/collection.ts';
import { writeContainer } from '../../../src/retrieval/container.ts';
import { type CollectionRow, writeCollection } from '../../../src/retrieval/writer.ts';
import { sha256Sync } from '../../../src/weights/sha256.ts';
import { sceneLabel, scenePng } from './drawn-site.ts';

/** Scenes that the drawn site's own collection lacks. */
export const TOWNS = [30, 31, 32];
export const TOWNS_NAME = 'towns';
const VIEWS = [0, 1, 2, 3];

export interface TestCollection {
  readonly name: string;
  readonly files: ReadonlyMap<string, Buffer>;
  /** File name and hash of each shard. */
  readonly shards: readonly { readonly file: string; readonly sha256: string }[];
  readonly container: Buffer;
}

/** @param encoder another id than that of the page's model, for one that does not fit */
export async function makeTowns(
  name = TOWNS_NAME,
  scenes: readonly number[] = TOWNS,
  encoder?: string,
): Promise<TestCollection> {
  const model = await openModel();
  const { bank } = model.reranker;
  const rows: CollectionRow[] = [];
  for (const [label, scene] of scenes.entries()) {
    for (const view of VIEWS) {
      const photo = await scenePng(scene, view);
      const { embedding } = await model.encoder.encode(photo);
      const bankSimilarity = bank.similarity(embedding, RERANK.penalty.referenceNeighbours);
      rows.push({
        embedding,
        label,
        bankSimilarity,
        source: Buffer.from(sha256Sync(photo), 'hex'),
      });
    }
  }
  const files = new Map<string, Buffer>();
  const about = {
    name,
    encoder: { id: encoder ?? model.info.id, weightsSha256: model.info.weightsSha256 },
    bank: { sha256: model.reranker.bankSha256 },
    dimension: model.info.dim,
    licence: 'Apache-2.0',
    attribution: 'Drawn by a test',
    labels: scenes.map((scene) => ({
      label: sceneLabel(scene),
      title: { en: `Town ${scene}`, zh: `城镇 ${scene}` },
      country: null,
      lat: null,
      lon: null,
      wikidata: null,
    })),
  };
  // Room for a scene's rows, not for one more.
  const maxShardBytes = 1024 + VIEWS.length * (model.info.dim + 40);
  for await (const { file, bytes } of writeCollection(about, rows, { maxShardBytes })) {
    files.set(file, Buffer.from(bytes));
  }
  const json = new Uint8Array(files.get(COLLECTION_FILE)!);
  const { shards } = parseCollection(json);
  const chunks: Uint8Array[] = [];
  const shard = async ({ file }: { readonly file: string }) => new Uint8Array(files.get(file)!);
  for await (const chunk of writeContainer({ json, shard })) chunks.push(chunk);
  return { name, files, shards, container: Buffer.concat(chunks) };
}

/** Puts a collection under `collections/<folder>/` of every page of the context. */
export async function serveCollection(
  context: BrowserContext,
  folder: string,
  { files }: TestCollection,
  /** Deals with a file itself where it returns true. */
  instead: (file: string, route: Route) => boolean | Promise<boolean> = () => false,
): Promise<void> {
  await context.route(`**/collections/${folder}/*`, async (route) => {
    const file = new URL(route.request().url()).pathname.split('/').at(-1) ?? '';
    if (await instead(file, route)) return;
    const body = files.get(file);
    await route.fulfill(body ? { body } : { status: 404, body: '' });
  });
}
