// Which tuning is in use: put to use, undone, and followed where another tab does so.
import { type ReadonlySignal, signal } from '@preact/signals';
import { CairnError } from '../../errors.ts';
import { TaskQueue } from '../../inference/task-queue.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import {
  type AppliedTuning,
  readTunings,
  type Tunings,
  writeTunings,
} from '../../training/tuning/trainer-keep.ts';
import type { Tabs } from '../collections/tabs.ts';
import { inTurn } from './locks.ts';

/** Held while the tuning in use is changed. */
const LOCK = 'cairn-tuning-in-use';

export interface ChangesParts {
  readonly store: CairnStore;
  readonly tunings: Tunings;
  /**
   * Searches and describes through this from now on; null = as shipped. What it writes is whole, and
   * nothing that was there before is touched.
   */
  readonly use: (applied: AppliedTuning | null) => Promise<void>;
  /** Drops what belongs to none of these any more. */
  readonly tidy: (tunings: Tunings) => Promise<void>;
  /** @param hear called when another tab has changed what is in use */
  readonly tabs: (hear: () => void) => Pick<Tabs, 'tell'>;
}

export class TuningChanges {
  readonly tunings: ReadonlySignal<Tunings>;
  readonly #tunings;
  readonly #parts: ChangesParts;
  readonly #tabs: Pick<Tabs, 'tell'>;
  /** One after the other: each begins with what the one before has left in use. */
  readonly #queue = new TaskQueue();

  constructor(parts: ChangesParts) {
    this.#parts = parts;
    this.#tunings = signal(parts.tunings);
    this.tunings = this.#tunings;
    this.#tabs = parts.tabs(() => {
      // What fails here shows when the page is opened anew.
      if (parts.store.persistent) this.#run(() => this.#follow()).catch(() => undefined);
    });
  }

  /** Throws what putting to use and `storage-*` do; then everything is as before. */
  change(nextOf: (now: Tunings) => Tunings): Promise<void> {
    return this.#run(() => this.#change(nextOf));
  }

  /** Back to what was in use before. Throws as {@link change}, and `usage` where another tab has been faster. */
  undo(): Promise<void> {
    return this.change(({ active, previous }) => {
      if (active?.applied === this.#tunings.peek().active?.applied) {
        return { active: previous, previous: null };
      }
      throw new CairnError(
        'usage',
        'Another tab has put another tuning to use.',
        'Reload the page: it shows what is in use now.',
      );
    });
  }

  #run(work: () => Promise<void>): Promise<void> {
    return this.#queue.run(() => inTurn(LOCK, work));
  }

  /**
   * In this order: until the last write, a page that is closed comes back as it was. What another tab has left in use
   * since is what `nextOf` gets: a tuning that this page does not know of must not be lost.
   */
  async #change(nextOf: (now: Tunings) => Tunings): Promise<void> {
    const { store, use, tidy } = this.#parts;
    const before = this.#tunings.peek();
    const next = nextOf(store.persistent ? await readTunings(store) : before);
    try {
      await use(next.active);
      await writeTunings(store, next);
    } catch (thrown) {
      await use(before.active);
      throw thrown;
    }
    this.#tunings.value = next;
    this.#tabs.tell();
    // What is left over does no harm, and goes at the next change.
    await tidy(next).catch(() => undefined);
  }

  /** Where what another tab has put to use cannot be opened here, this tab goes on as it was. */
  async #follow(): Promise<void> {
    const { store, use } = this.#parts;
    const before = this.#tunings.peek();
    const now = await readTunings(store);
    if (now.active?.applied !== before.active?.applied) {
      try {
        await use(now.active);
      } catch {
        return use(before.active);
      }
    }
    this.#tunings.value = now;
  }
}
