// Fine-tuning in the page: what is taught and what is installed, as the tuner wants them.
import { computed, type ReadonlySignal } from '@preact/signals';
import type { TaskQueue } from '../inference/task-queue.ts';
import { collectionPhotos } from '../retrieval/collection.ts';
import type { CollectionLabel } from '../retrieval/labels.ts';
import { TAUGHT_COLLECTION } from '../retrieval/taught-collection.ts';
import type { Tunings } from '../training/tuning/trainer-keep.ts';
import type { Shelf } from './collections/shelf.ts';
import { createTabs } from './collections/tabs.ts';
import type { InUse } from './teaching/in-use.ts';
import type { Library } from './teaching/library.ts';
import { PictureSizes, picturesOf } from './teaching/pictures.ts';
import type { TunableNetwork } from './teaching/tuned-network.ts';
import { createTuner, type TunerParts } from './teaching/tuner.ts';
import type { Tuning } from './teaching/tuning.ts';

/** Tells what is in use has changed. */
const CHANNEL = 'cairn-tuning-in-use';

export interface PageTunerParts extends Pick<TunerParts, 'store' | 'trainer'> {
  readonly queue: TaskQueue;
  /** Absolute address of the models folder. */
  readonly models: string;
  readonly tunable: TunableNetwork;
  /** As collections name it. */
  readonly encoder: TunerParts['job']['encoder'] & { readonly dim: number };
  /** Rows of the non-landmark bank. */
  readonly bank: TunerParts['job']['bank'];
  readonly shelf: Shelf;
  readonly labels: ReadonlySignal<readonly CollectionLabel[]>;
  readonly library: Library;
  readonly serving: InUse;
  readonly tunings: Tunings;
}

export function pageTuner(parts: PageTunerParts): Promise<Tuning> {
  const { store, trainer, queue, encoder, shelf, labels, library, serving, tunings } = parts;
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
  const ids = () => library.landmarks.value.flatMap(({ photos }) => photos.map(({ id }) => id));
  const sizes = new PictureSizes(store);
  return createTuner({
    store,
    trainer,
    job: {
      // The shipped one, where it is there: it has most to forget.
      get known() {
        return shelf.collections[0]?.name ?? '';
      },
      taught: TAUGHT_COLLECTION,
      encoder,
      bank: parts.bank,
    },
    needs: computed(() => {
      const taught = library.landmarks.value.map(({ photos }) => photos.length);
      return {
        taught,
        knownLandmarks: labels.value.length,
        rows: sum(shelf.collections.map(collectionPhotos)) + sum(taught),
        dim: encoder.dim,
      };
    }),
    network: { models: parts.models, ...parts.tunable },
    pictures: () => picturesOf(store, ids()),
    pictureFacts: () => sizes.of(ids()),
    tunings: { ...tunings, active: serving.tuned ? tunings.active : null },
    // Between two recognitions: none may meet references of one network and a query of another.
    use: (applied) => queue.run(() => serving.use(applied)),
    tidy: (kept) => serving.tidy(kept),
    tabs: (hear) => createTabs(hear, CHANNEL),
  });
}
