// `cairn index`: builds a collection from a folder per label or from a manifest.
import { basename, resolve } from 'node:path';
import { groupBy } from '../../evaluation/group.ts';
import { isPostgresAddress } from '../../retrieval/postgres/address.ts';
import { readLabelFacts } from '../collections.ts';
import { readNumber, WHOLE } from '../flags.ts';
import { type FolderRequest, indexFolder } from '../index-folder.ts';
import type { Beginning } from '../index-run.ts';
import { openModel } from '../models.ts';
import { defaultMatcher } from '../node-verifier.ts';
import { note, printJson, progressLine, usage } from '../output.ts';
import { PairMatcher } from '../pair-matcher.ts';
import { type ListedPhoto, listSource } from '../photo-list.ts';

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
  const views = options.views ? await viewKeeper() : null;
  const model = await openModel(options.encoder);
  const name = options.name ?? basename(resolve(out));
  const { created, licence, attribution } = options;
  const facts = await readLabelFacts(options.labels);
  const meta = { name, licence, attribution, facts, ...(created ? { created } : {}) };
  const built = await indexFolder(
    out,
    { photos, model, meta, views },
    {
      onBeginning: (beginning) => {
        const text = BEGINNINGS[beginning];
        if (text) note(`${out}: ${text}`);
      },
      onSkipped: ({ path, reason }) => note(`skipped ${path}: ${reason}`),
      onProgress: {
        encode: progressLine('encode'),
        views: progressLine('views'),
        write: progressLine('write'),
      },
    },
  );
  await views?.pairs.dispose();
  const seconds = (performance.now() - began) / 1000;
  const result = {
    name,
    labels: built.collection.labels.length,
    photos: built.photos,
    skipped: built.skipped,
    bytes: built.bytes,
    seconds,
  };
  if (options.json) printJson(result);
  else note(`${name}: ${result.labels} labels, ${result.photos} photos, ${result.bytes} bytes.`);
}

/** What is said where a build was not finished in the folder. */
const BEGINNINGS: Readonly<Record<Beginning, string>> = {
  new: '',
  resumed: 'going on with a build that was not finished.',
  replaced:
    'a build of other photos, or with other options, was not finished here. This one begins anew.',
};

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

/** Throws `usage` where the registry has no matcher, `model-*`. */
async function viewKeeper(): Promise<NonNullable<FolderRequest['views']>> {
  const matcher = await defaultMatcher();
  if (!matcher) throw usage('The registry has no matcher.', 'Leave --views out.');
  return { pairs: await PairMatcher.open({}), matcher };
}
