// Bridges to the workers that recognise, for a page. A bundler takes every worker that is named in a file that it meets: hence
// the trainer's, which only Cairn's own page needs, is in a file of its own.
import { type BridgeOptions, WorkerBridge } from '../src/bridge/worker-bridge.ts';
import { linkWorker } from '../src/bridge/worker-link.ts';
import type { PhotoService } from '../src/imaging/photo-service.ts';
import type { EncoderService, EncoderSettings } from '../src/inference/encoder-service.ts';
import type { MatcherService, MatcherSettings } from '../src/inference/matcher-service.ts';
import type { IndexService } from '../src/retrieval/index-service.ts';

/** Of networks: a runtime that ran out of memory fails ever after. */
const SPOILED_BY = ['inference-failed'] as const;

/** What whoever uses a worker may add to its bridge. */
export type Hooks<Api> = Pick<BridgeOptions<Api>, 'prepare' | 'onCrash' | 'idleMs'>;

/** Milliseconds without progress. Loading compiles a network; a photo takes a second at most. */
const ENCODER_TIMEOUTS = { open: 180_000, useTuned: 180_000, encode: 60_000 };
/** Building the graphs of a large collection takes minutes; insisting on them waits as long. */
const INDEX_TIMEOUTS = { open: 180_000, search: 600_000, ready: 600_000 };
/** Opening compiles the graphs; a candidate takes a second at most. */
const MATCHER_TIMEOUTS = { open: 180_000, verify: 180_000 };

/**
 * An encoder in a worker of its own, configured anew whenever that has to be started again; then
 * `hooks.prepare` gives it what else it had.
 */
export function bridgeEncoder(
  settings: EncoderSettings,
  { prepare, ...hooks }: Hooks<EncoderService> = {},
): WorkerBridge<EncoderService> {
  return new WorkerBridge<EncoderService>(
    () => linkWorker(new Worker(new URL('./encoder.ts', import.meta.url), { type: 'module' })),
    {
      name: 'encoder',
      timeouts: ENCODER_TIMEOUTS,
      spoiledBy: SPOILED_BY,
      prepare: async (api) => {
        await api.configure({ touchPoints: navigator.maxTouchPoints, ...settings });
        await prepare?.(api);
      },
      ...hooks,
    },
  );
}

/** A collection's index in a worker. `hooks.prepare` opens the collection in each new worker. */
export function bridgeIndex(hooks: Hooks<IndexService> = {}): WorkerBridge<IndexService> {
  return new WorkerBridge<IndexService>(
    () => linkWorker(new Worker(new URL('./index.ts', import.meta.url), { type: 'module' })),
    { name: 'index', timeouts: INDEX_TIMEOUTS, ...hooks },
  );
}

/**
 * The matcher in a worker, started by the first call. It alone may be let go when idle: where it cannot be
 * started again, as with a store that was full, answers lack a proof; without the encoder there would be none.
 */
export function bridgeMatcher(
  settings: MatcherSettings,
  hooks: Pick<Hooks<MatcherService>, 'onCrash' | 'idleMs'> = {},
): WorkerBridge<MatcherService> {
  return new WorkerBridge<MatcherService>(
    () => linkWorker(new Worker(new URL('./matcher.ts', import.meta.url), { type: 'module' })),
    {
      name: 'matcher',
      timeouts: MATCHER_TIMEOUTS,
      spoiledBy: SPOILED_BY,
      prepare: (api) => api.configure({ touchPoints: navigator.maxTouchPoints, ...settings }),
      ...hooks,
    },
  );
}

/** Milliseconds after which the photos' worker, and the memory of its last photo, is let go. */
const PHOTOS_IDLE = 20_000;

/** What decodes photos for the page that its browser does not read; started by the first of them. */
export function bridgePhotos(): WorkerBridge<PhotoService> {
  return new WorkerBridge<PhotoService>(
    () => linkWorker(new Worker(new URL('./photo.ts', import.meta.url), { type: 'module' })),
    { name: 'reader of photos', idleMs: PHOTOS_IDLE },
  );
}
