// The library as the page sees it: there from the start, working as soon as the engine is ready.
import { computed, type ReadonlySignal } from '@preact/signals';
import type { Library } from './library.ts';
import type { Teaching } from './teaching.ts';

/** @param opened resolves to the library once the engine is ready; rejects when it cannot start */
export function teachingOf(
  library: ReadonlySignal<Library | null>,
  opened: () => Promise<Library>,
): Teaching {
  return {
    landmarks: computed(() => library.value?.landmarks.value ?? []),
    removal: computed(() => library.value?.removal.value ?? null),
    teach: async (...given) => (await opened()).teach(...given),
    rename: async (...given) => (await opened()).rename(...given),
    removePhoto: async (...given) => (await opened()).removePhoto(...given),
    remove: async (label) => (await opened()).remove(label),
    undo: async () => (await opened()).undo(),
    exported: async (work) => (await opened()).exported(work),
    import: async (...given) => (await opened()).import(...given),
    picture: async (id) => (await opened()).picture(id),
  };
}
