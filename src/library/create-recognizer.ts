// A recognizer for any page: workers, storage, models and collections, opened and wired together.
import { bridgeEncoder } from '../../workers/spawn.ts';
import { Gallery, joinParts, openParts } from '../browser/galleries.ts';
import { urlSource } from '../browser/sources.ts';
import { pageVerifier } from '../browser/verifier.ts';
import { CairnError, throwIfAborted } from '../errors.ts';
import { backendInWords } from '../inference/backend.ts';
import { TaskQueue } from '../inference/task-queue.ts';
import type { OnProgress } from '../progress.ts';
import { recognize, type Stages } from '../recognizer.ts';
import { loadReranker } from '../rerank/load-reranker.ts';
import { RERANK } from '../rerank/presets.ts';
import { type CollectionLabel, hasPhotos } from '../retrieval/labels.ts';
import type { PlaceFilter } from '../retrieval/place-filter.ts';
import { openStore } from '../retrieval/store.ts';
import type { Verdict } from '../verdict.ts';
import { findMatcher, findServed, parseRegistry } from '../weights/load-registry.ts';
import { webSource } from '../weights/web-source.ts';

/** Where the package has its own, beside this module. */
const MODELS = 'models/';
const COLLECTION = 'collections/default/collection.json';

export interface RecognizerOptions {
  /**
   * Address of the collection.json of what is searched, relative to the page; several are searched as one. The
   * package's own collection when left out.
   */
  readonly collection?: string | URL | readonly (string | URL)[];
  /** Address of the folder that holds registry.json; the package's own when left out. */
  readonly models?: string | URL;
  /** Hears of downloads and of everything else that takes long, until the recognizer is ready. */
  readonly onProgress?: OnProgress;
  /** Stops opening; what was downloaded by then is kept. */
  readonly signal?: AbortSignal;
  /** Told of what stops nothing, such as a worker that had to be started anew. */
  readonly onProblem?: (problem: RecognizerProblem) => void;
  /** Whether details are compared with what the collection keeps of its photos: better, and slower. True when left out. */
  readonly verify?: boolean;
}

export interface RecognizerProblem {
  readonly kind:
    | 'storage-unavailable'
    | 'self-test-failed'
    | 'worker-restarted'
    | 'matcher-unavailable';
  /** What happened, in English. */
  readonly message: string;
}

export interface RecognizeOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Find no other landmarks than those there. */
  readonly where?: PlaceFilter;
}

export interface LandmarkRecognizer {
  /** Landmarks that it can find. */
  readonly labels: readonly CollectionLabel[];
  /** What the networks run on, such as `wasm (2 threads)`. */
  readonly backend: string;
  /**
   * Says which landmark a photo shows. Photos are worked on one at a time, in order of calling.
   * @throws CairnError `photo-*` for a photo that cannot be read, `usage`, `inference-failed`, `worker-crashed`,
   * `timeout`, `aborted`
   */
  recognize(photo: Blob, options?: RecognizeOptions): Promise<Verdict>;
  /** Ends its workers; a call that is under way is rejected with `aborted`. What was downloaded is kept. */
  dispose(): void;
}

/**
 * Downloads what is needed (once: it is kept in the browser, verified by SHA-256) and starts the workers. Nothing of
 * a photo leaves the page.
 * @throws CairnError `download-failed`, `hash-mismatch`, `model-*`, `collection-*`, `storage-*`,
 * `backend-unavailable`, `worker-crashed`, `usage`, `aborted`
 */
export async function createRecognizer(
  options: RecognizerOptions = {},
): Promise<LandmarkRecognizer> {
  const { signal } = options;
  throwIfAborted(signal);
  const life = new Life();
  const stop = () => life.end();
  signal?.addEventListener('abort', stop);
  try {
    return await open(options, life);
  } catch (thrown) {
    life.end();
    throwIfAborted(signal);
    throw thrown;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** What was started, until it is ended: then nothing of it may begin anything anew. */
class Life {
  readonly #over = new AbortController();
  readonly #releases: (() => void)[] = [];

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Called at the end; at once where that has come already. */
  releaseLater(release: () => void): void {
    if (this.signal.aborted) release();
    else this.#releases.push(release);
  }

  end(): void {
    this.#over.abort();
    for (const release of this.#releases.splice(0)) release();
  }
}

async function open(
  { collection, models, onProgress = () => undefined, onProblem, verify }: RecognizerOptions,
  life: Life,
): Promise<LandmarkRecognizer> {
  const { signal } = life;
  const collections = addresses(collection ?? ownFile(COLLECTION));
  const [folder = ''] = addresses(models ?? ownFile(MODELS));
  const tell = (kind: RecognizerProblem['kind'], message: string) => onProblem?.({ kind, message });
  const onCrash = (error: Error) => tell('worker-restarted', error.message);

  const store = await openStore();
  life.releaseLater(() => store.close());
  if (!store.persistent) {
    tell('storage-unavailable', 'What is downloaded is not kept beyond this page.');
  }
  const source = webSource(folder, store);
  const registry = parseRegistry(await source.registry({ onProgress, signal }));
  const entry = findServed(registry);
  const made = { id: entry.id, weightsSha256: entry.weightsSha256, dim: entry.dim };
  const matching = verify !== false && registry.defaultMatcher ? findMatcher(registry) : null;

  throwIfAborted(signal);
  const encoder = bridgeEncoder({ models: folder }, { onCrash });
  const verifier = pageVerifier({
    models: folder,
    entry: matching,
    persistent: store.persistent,
    notify: ({ id, detail }) => tell(id, detail),
    onOpening: () => undefined,
  });
  const galleries = collections.map(() => new Gallery({ onCrash, onProgress }));
  for (const one of [encoder, verifier, ...galleries]) life.releaseLater(() => one.release());

  const [reranker, info] = await Promise.all([
    loadReranker(source, entry, { onProgress, signal }),
    encoder.api.open({ onProgress }),
    Promise.all(
      galleries.map(async (gallery, i) => {
        // There is an address for each gallery.
        const from = await urlSource(collections[i]!, store, { onProgress, signal });
        throwIfAborted(signal);
        await gallery.open({ source: from, encoder: made });
      }),
    ),
  ]);
  throwIfAborted(signal);
  const { backend: choice } = info;
  if (choice.fellBack) tell('self-test-failed', choice.reason);

  const matcher = matching
    ? { id: matching.id, weightsSha256: matching.weights.sha256 }
    : undefined;
  const joined = joinParts(openParts(galleries), matcher);
  const stages: Stages = {
    encoder: encoder.api,
    search: joined.search,
    labels: joined.labels,
    reranker,
    preset: RERANK,
    backend: backendInWords(choice),
    verifier: verifier.stage(joined.references),
  };
  if (stages.verifier) verifier.prepare();
  const queue = new TaskQueue();
  return {
    labels: joined.labels.filter(hasPhotos),
    backend: stages.backend,
    recognize(photo, work = {}) {
      // Between two stages nothing waits for a worker: the end must reach those, too.
      const until = work.signal ? AbortSignal.any([work.signal, signal]) : signal;
      return queue.run(async () => {
        if (!(photo instanceof Blob)) throw noPhoto();
        return recognize(photo, stages, { ...work, signal: until });
      }, until);
    },
    dispose: () => life.end(),
  };
}

/** Beside this module, wherever it is served from. */
function ownFile(path: string): URL {
  // In two steps: bundlers take `new URL('…', import.meta.url)` for a file to copy.
  const folder = import.meta.url.replace(/[^/]*$/, '');
  return new URL(path, folder);
}

/** Absolute ones, for workers have another base. @throws CairnError `usage` */
function addresses(given: string | URL | readonly (string | URL)[]): string[] {
  const all = typeof given === 'string' || given instanceof URL ? [given] : given;
  if (all.length === 0) {
    throw new CairnError(
      'usage',
      'No collection is named.',
      'Give the address of a collection.json.',
    );
  }
  return all.map((one) => {
    const url = URL.canParse(one, document.baseURI) ? new URL(one, document.baseURI) : null;
    if (!url || !/^https?:$/.test(url.protocol)) {
      const remedy = 'Give one that begins with https:, or is relative to the page.';
      throw new CairnError('usage', `${String(one)} is no address.`, remedy);
    }
    return url.href;
  });
}

function noPhoto(): CairnError {
  const remedy = 'Give a File or Blob, such as one of an <input type="file">.';
  return new CairnError('usage', 'What was given is no photo.', remedy);
}
