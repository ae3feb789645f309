// `cairn index`: builds a collection from a folder per label or from a manifest.
import { basename, resolve } from 'node:path';
import { groupBy } from '../../evaluation/group.ts';
import type { MatcherIdentity } from '../../retrieval/collection.ts';
import { isPostgresAddress } from '../../retrieval/postgres/address.ts';
import { writeCollectionFolder } from '../../retrieval/write-folder.ts';
import {
  collectionFiles,
  encodeReferences,
  type KeptViews,
  type PhotoReference,
} from '../build-collection.ts';
import { readLabelFacts } from '../collections.ts';
import { readNumber, WHOLE } from '../flags.ts';
import { openModel } from '../models.ts';
import { defaultMatcher } from '../node-verifier.ts';
import { note, printJson, progressLine, usage } from '../output.ts';
import { PairMatcher } from '../pair-matcher.ts';
import { type ListedPhoto, listSource } from '../photo-list.ts';
import { viewsOfAll } from '../reference-views.ts';

export interface IndexOptions {
  /** A folder; or `collection`. */
  readonly out?: string;
  /** postgres://… */
  readonly collection?: string;
  readonly name?: string;
  readonly splits?: string;
  readonly encoder?: string;
  readonly labels?: string;
  readonly minPhotos: string;
  readonly licence: string;
  readonly attribution: string;
  readonly created?: string;
  /** Keep what the registry's matcher needs of some photos. */
  readonly views?: boolean;
  /** Of `collection`: take out what SOURCE no longer has. */
  readonly prune?: boolean;
  /** Of `collection`: seconds. */
  readonly lease: string;
  readonly json?: boolean;
}

export async function index(source: string, options: IndexOptions): Promise<void> {
  const { out, collection: where } = options;
  if (where !== undefined) return indexIntoPostgres(source, where, options);
  if (out === undefined) {
    throw usage(
      'There is no place for the collection.',
      'Give --out DIR or --collection postgres://….',
    );
  }
  const began = performance.now();
  const photos = await labelledPhotos(source, options);

  const keeper = options.views ? await viewKeeper() : null;
  const model = await openModel(options.encoder);
  const { references, skipped } = await encodeReferences(photos, model, {
    onProgress: progressLine('encode'),
  });
  for (const { path, reason } of skipped) note(`skipped ${path}: ${reason}`);
  if (references.length === 0)
    throw usage('None of the photos could be read.', 'See the reasons above.');

  const views = keeper && (await keptViews(references, keeper));
  const name = options.name ?? basename(resolve(out));
  const { collection, bytes } = await writeCollectionFolder(
    out,
    collectionFiles(references, model, {
      name,
      licence: options.licence,
      attribution: options.attribution,
      facts: await readLabelFacts(options.labels),
      ...(options.created ? { created: options.created } : {}),
      ...(views ? { views } : {}),
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const result = {
    name,
    labels: collection.labels.length,
    photos: references.length,
    skipped,
    bytes,
    seconds,
  };
  if (options.json) printJson(result);
  else note(`${name}: ${result.labels} labels, ${result.photos} photos, ${bytes} bytes.`);
}

/** Photos with a label, of the wanted splits; labels with enough of them. Throws `usage` where none is left. */
async function labelledPhotos(source: string, options: IndexOptions): Promise<ListedPhoto[]> {
  const splits = options.splits?.split(',').map((s) => s.trim());
  const least = readNumber('--min-photos', options.minPhotos, WHOLE);

  const labelled = (await listSource(source)).filter(
    (photo) => photo.label !== '' && (!splits || splits.includes(photo.split)),
  );
  const photos = [...groupBy(labelled, (photo) => photo.label).values()]
    .filter((group) => group.length >= least)
    .flat();
  if (photos.length === 0) {
    throw usage(`${source} has no labelled photos to index.`, 'Check --splits and --min-photos.');
  }
  return photos;
}

async function indexIntoPostgres(
  source: string,
  where: string,
  options: IndexOptions,
): Promise<void> {
  if (options.out !== undefined) throw usage('--out and --collection exclude each other.');
  if (!isPostgresAddress(where)) {
    throw usage('--collection takes postgres://… here.', 'Give a folder with --out.');
  }
  // Loaded where it is asked for: folders are built without the driver.
  const { importFolder, indexInto, isCollectionFolder } = await import('../postgres/index-into.ts');
  const result = (await isCollectionFolder(source))
    ? await importFolder(where, source, options)
    : await indexInto(where, await labelledPhotos(source, options), options);
  if (options.json) printJson(result);
  else note(`${result.name}: ${result.labels} labels, ${result.photos} photos.`);
}

interface ViewKeeper {
  readonly pairs: PairMatcher;
  readonly matcher: MatcherIdentity;
}

/** Throws `usage` where the registry has no matcher, `model-*`. */
async function viewKeeper(): Promise<ViewKeeper> {
  const matcher = await defaultMatcher();
  if (!matcher) throw usage('The registry has no matcher.', 'Leave --views out.');
  return { pairs: await PairMatcher.open({}), matcher };
}

async function keptViews(
  references: readonly PhotoReference[],
  { pairs, matcher }: ViewKeeper,
): Promise<KeptViews> {
  const views = await viewsOfAll(references, pairs, { onProgress: progressLine('views') });
  await pairs.dispose();
  return { matcher, views };
}
