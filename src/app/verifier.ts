// Geometric verification in the page: the matcher's worker and what the open collection keeps, as the
// recognizer wants them.
import { bridgeMatcher } from '../../workers/spawn.ts';
import { toPlainError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import type { Verifier } from '../recognizer.ts';
import { VERIFICATION } from '../rerank/presets.ts';
import type { ReferenceSource } from '../retrieval/search.ts';
import type { MatcherEntry } from '../weights/registry.ts';
import type { Notice } from './engine.ts';

export interface VerifierParts {
  /** Absolute address of the models folder, ending in a slash. */
  readonly models: string;
  /** The registry's default matcher; null where there is none. */
  readonly entry: MatcherEntry | null;
  readonly notify: (notice: Notice) => void;
}

export interface PageVerifier {
  /** As things stand; undefined where the collection keeps nothing that this matcher can use. */
  stage(references: ReferenceSource | null): Verifier | undefined;
  /** Loads the matcher in the background, so that the first photo need not wait for all of it. */
  prepare(): void;
  /** Ends the worker. */
  release(): void;
}

export function pageVerifier({ models, entry, notify }: VerifierParts): PageVerifier {
  const bridge = bridgeMatcher(
    { models },
    { onCrash: (error) => notify({ id: 'worker-restarted', detail: error.message }) },
  );
  let told = false;
  /**
   * Loads the matcher with the first photo, and tells once where it fell back. By the photo's own work: a slow
   * download is no timeout while it makes progress, and whoever stops the photo need not wait for it.
   */
  const open = async (work: LongWork): Promise<void> => {
    if (told) return;
    const { fellBack, reason } = await bridge.api.open(work);
    told = true;
    if (fellBack) notify({ id: 'self-test-failed', detail: reason });
  };
  return {
    stage(source) {
      const fits =
        entry !== null &&
        source !== null &&
        source.matcher.id === entry.id &&
        source.matcher.weightsSha256 === entry.weights.sha256;
      if (!fits) return undefined;
      return {
        preset: VERIFICATION,
        references: (embedding, labels) => source.references(embedding, labels),
        verify: async (photo, task, work) => {
          await open(work);
          return bridge.api.verify(photo, task, work);
        },
        onProblem: (thrown) => {
          told = false;
          notify({ id: 'matcher-unavailable', detail: toPlainError(thrown).message });
        },
      };
    },
    prepare() {
      // What fails here fails again with the first photo, which tells.
      open({}).catch(() => undefined);
    },
    release: () => bridge.release(),
  };
}
