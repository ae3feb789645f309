// Geometric verification in the page: the matcher's worker and what the open collection keeps, as the
// recognizer wants them.
import { bridgeMatcher } from '../../workers/spawn.ts';
import type { WorkerBridge } from '../bridge/worker-bridge.ts';
import { CairnError, toPlainError } from '../errors.ts';
import type { MatcherReport } from '../inference/matcher.ts';
import type { MatcherService } from '../inference/matcher-service.ts';
import { TaskQueue } from '../inference/task-queue.ts';
import type { OnProgress, Progress } from '../progress.ts';
import type { Verifier } from '../recognizer.ts';
import { VERIFICATION } from '../rerank/presets.ts';
import type { PictureReference, ReferenceSource } from '../retrieval/search.ts';
import type { MatcherEntry } from '../weights/registry.ts';

/**
 * Milliseconds without a photo after which the worker is ended: WASM gives no memory back otherwise. Longer
 * than people look at a verdict between two photos, for the next one waits until the matcher is opened again.
 */
const IDLE_MS = 120_000;

/** Of each of the labels the photos most similar to the query, as `IndexService.photos` names them. */
export type PictureSource = (
  query: Float32Array,
  labels: readonly number[],
  most: number,
) => Promise<readonly PictureReference[]>;

type Matcher = Pick<MatcherService, 'open' | 'verify'>;

/** What a user should know of, but that stops nothing. */
export interface VerifierNotice {
  readonly id: 'self-test-failed' | 'worker-restarted' | 'matcher-unavailable';
  readonly detail: string;
}

export interface VerifierParts {
  /** Absolute address of the models folder, ending in a slash. */
  readonly models: string;
  /** The registry's default matcher; null where there is none. */
  readonly entry: MatcherEntry | null;
  /** Whether downloads last. Where they do not, the worker stays: another would download its model anew. */
  readonly persistent: boolean;
  readonly notify: (notice: VerifierNotice) => void;
  /** How far opening the matcher is; null once that is over, well or not. */
  readonly onOpening: (progress: Progress | null) => void;
  /** Where the matcher runs; a worker of the page unless given. */
  readonly bridge?: (
    ...asked: Parameters<typeof bridgeMatcher>
  ) => Pick<WorkerBridge<Matcher>, 'api' | 'alive' | 'release'>;
}

export interface PageVerifier {
  /**
   * As things stand; undefined where there is nothing that this matcher can use.
   * @param pictures of the user's own photos, where there are any
   */
  stage(references: ReferenceSource | null, pictures?: PictureSource | null): Verifier | undefined;
  /** Loads the matcher in the background, so that the first photo need not wait for all of it. */
  prepare(): void;
  /** Ends the worker, for good. */
  release(): void;
}

export function pageVerifier(parts: VerifierParts): PageVerifier {
  const { models, entry, persistent, notify, onOpening, bridge: start = bridgeMatcher } = parts;
  const bridge = start(
    { models },
    {
      idleMs: persistent ? IDLE_MS : 0,
      onCrash: (error) => notify({ id: 'worker-restarted', detail: error.message }),
    },
  );
  const openings = new TaskQueue();
  let opened = false;
  let told = false;
  const tellFallBack = (report: MatcherReport | null) => {
    if (!report?.fellBack || told) return;
    told = true;
    notify({ id: 'self-test-failed', detail: report.reason });
  };
  let released = false;
  /**
   * Opens the matcher where there is none, and tells once where it fell back. Whoever stops waiting stops no
   * more than that: the next photo wants it too. A slow download is no timeout while it makes progress.
   */
  const open = (signal?: AbortSignal): Promise<void> =>
    openings.run(async () => {
      // A call that waited would start another worker, which nobody ends.
      if (released) throw releasedError();
      if (opened && bridge.alive) return;
      opened = false;
      try {
        const onProgress: OnProgress = (progress) => onOpening(progress);
        const report = await bridge.api.open({ onProgress });
        opened = true;
        tellFallBack(report);
      } finally {
        onOpening(null);
      }
    }, signal);
  return {
    stage(source, pictures = null) {
      const fits =
        entry !== null &&
        source !== null &&
        source.matcher.id === entry.id &&
        source.matcher.weightsSha256 === entry.weights.sha256;
      if (!entry || !(fits || pictures)) return undefined;
      return {
        preset: VERIFICATION,
        references: async (embedding, labels) => {
          const most = VERIFICATION.viewsOfLabel;
          const kept = fits ? await source.references(embedding, labels, most) : [];
          const own = pictures ? await pictures(embedding, labels, most) : [];
          return [...kept, ...own];
        },
        verify: async (photo, task, work) => {
          await open(work.signal);
          if (released) throw releasedError();
          const { references, report } = await bridge.api.verify(photo, task, work);
          tellFallBack(report);
          return references;
        },
        onProblem: (thrown) =>
          notify({ id: 'matcher-unavailable', detail: toPlainError(thrown).message }),
      };
    },
    prepare() {
      // What fails here fails again with the first photo, which tells.
      open().catch(() => undefined);
    },
    release() {
      released = true;
      bridge.release();
    },
  };
}

function releasedError(): CairnError {
  return new CairnError('aborted', 'The matcher was let go.', 'Start anew if it is needed.');
}
