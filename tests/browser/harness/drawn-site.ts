// The built page with a collection of drawn scenes for its default one: the whole way of a photo
// can be walked in a browser without any photo.
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeWorker } from '../../../scripts/shell-worker.ts';
import {
  collectionFiles,
  type KeptViews,
  type Reference,
  unknownPlace,
} from '../../../src/cli/build-collection.ts';
import { openModel } from '../../../src/cli/models.ts';
import { defaultMatcher } from '../../../src/cli/node-verifier.ts';
import { PairMatcher } from '../../../src/cli/pair-matcher.ts';
import { type LabelledPhoto, viewsOfAll } from '../../../src/cli/reference-views.ts';
import { drawOther, drawScene } from '../../../src/imaging/drawn.ts';
import type { LabelFacts } from '../../../src/retrieval/labels.ts';
import { writeCollectionFolder } from '../../../src/retrieval/write-folder.ts';
import { sha256Sync } from '../../../src/weights/sha256.ts';

/** Folder of the site below the harness's. */
export const DRAWN_SITE = 'drawn-site';
export const SCENES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
/** Those whose references can be matched; the first ones. */
export const VERIFIED = [0, 1];
/** Those that lie somewhere: in Paris and in London. */
export const PLACED: ReadonlyMap<number, { readonly lat: number; readonly lon: number }> = new Map([
  [0, { lat: 48.8584, lon: 2.2945 }],
  [1, { lat: 51.5007, lon: -0.1246 }],
]);
/** Views in the collection; tests ask with others. */
const REFERENCE_VIEWS = [0, 1, 2, 3];

export const sceneLabel = (scene: number): string => `drawn_scene_${scene}`;

type Drawing = ReturnType<typeof drawScene>;
type DrawnReference = Reference & Pick<LabelledPhoto, 'embedding'>;

export function png({ data, width, height, channels }: Drawing): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels } }).png().toBuffer();
}

export const scenePng = (scene: number, view: number) => png(drawScene(scene, view));
export const otherPng = (seed: number) => png(drawOther(seed));

/** Copies the built page without its collections and gives it one of drawn scenes. */
export async function writeDrawnSite(built: string): Promise<void> {
  const site = join(built, DRAWN_SITE);
  await mkdir(site, { recursive: true });
  for (const name of await readdir(built)) {
    if (
      ['index.html', 'assets', 'models', 'icons'].includes(name) ||
      /\.(js|webmanifest)$/.test(name)
    ) {
      await cp(join(built, name), join(site, name), { recursive: true });
    }
  }
  const model = await openModel();
  const references: DrawnReference[] = [];
  for (const scene of SCENES) {
    for (const view of REFERENCE_VIEWS) {
      const photo = await scenePng(scene, view);
      const { embedding } = await model.encoder.encode(photo);
      references.push({ label: sceneLabel(scene), embedding, sha256: sha256Sync(photo) });
    }
  }
  const views = await keptViews(
    references.filter(({ label }) => VERIFIED.map(sceneLabel).includes(label)),
  );
  await writeCollectionFolder(
    join(site, 'collections/default'),
    collectionFiles(references, async ({ embedding }) => embedding, model, {
      name: 'drawn scenes',
      licence: 'Apache-2.0',
      attribution: 'drawn by code',
      facts: placedFacts(),
      views,
    }),
  );
  // That of the built page keeps the lab, too.
  await writeWorker(site);
}

function placedFacts(): Map<string, LabelFacts> {
  return new Map(
    [...PLACED].map(([scene, place]) => {
      const label = sceneLabel(scene);
      return [label, { ...unknownPlace(label), ...place }];
    }),
  );
}

/** What the registry's matcher needs of the first references. */
async function keptViews(references: readonly DrawnReference[]): Promise<KeptViews> {
  const matcher = (await defaultMatcher())!; // one ships
  const folder = await mkdtemp(join(tmpdir(), 'cairn-drawn-'));
  try {
    const photos: LabelledPhoto[] = [];
    for (const [at, reference] of references.entries()) {
      const scene = VERIFIED[Math.floor(at / REFERENCE_VIEWS.length)]!; // references come scene by scene
      const file = join(folder, `${at}.png`);
      await writeFile(file, await scenePng(scene, REFERENCE_VIEWS[at % REFERENCE_VIEWS.length]!));
      photos.push({ ...reference, file });
    }
    const pairs = await PairMatcher.open({});
    const views = await viewsOfAll(photos, pairs);
    await pairs.dispose();
    return { matcher, views };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
