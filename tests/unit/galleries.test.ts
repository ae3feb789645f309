// A collection in a worker of its own that is killed: which call fails, and that the next one is answered as before.
import { afterEach, describe, expect, it } from 'vitest';
import { WorkerBridge } from '../../src/bridge/worker-bridge.ts';
import { Gallery } from '../../src/browser/galleries.ts';
import type { IndexService } from '../../src/retrieval/index-service.ts';
import { linkThread, type ThreadLink } from './bridge-worker/link.ts';
import type { Asked, MortalIndex } from './bridge-worker/mortal-index.ts';
import { HEX } from './retrieval-fixtures.ts';
import { DIM, loadedRows, near, row } from './view-fixtures.ts';

const links: ThreadLink[] = [];
const galleries: Gallery[] = [];
afterEach(async () => {
  for (const gallery of galleries.splice(0)) gallery.release();
  await Promise.all(links.splice(0).map((link) => link.thread.terminate()));
});

async function open() {
  const crashes: Error[] = [];
  let bridge!: WorkerBridge<MortalIndex>;
  const gallery = new Gallery({
    onCrash: (error) => crashes.push(error),
    bridge: (hooks = {}) => {
      const spawn = () => {
        const link = linkThread(true, './mortal-index.ts');
        links.push(link);
        return link;
      };
      const { prepare, onCrash = () => undefined } = hooks;
      bridge = new WorkerBridge<MortalIndex>(spawn, {
        name: 'index',
        onCrash,
        prepare: async (api) => prepare?.(api),
      });
      return bridge as unknown as WorkerBridge<IndexService>;
    },
  });
  galleries.push(gallery);
  const rows = [row(0, 0.3, 20), row(1, 0.1), row(2, 0.2, 15), row(0, 0.5), row(1, 0.4, 25)];
  await gallery.open({
    source: { kind: 'loaded', loaded: await loadedRows(rows, 3) },
    encoder: { id: 'encoder-a', weightsSha256: HEX('a'), dim: DIM },
  });
  const { search, references } = gallery.opened!;
  const ask = {
    search: () => search.search(near(0), { k: 3 }),
    references: () => references!.references(near(0), [0, 1], 2),
    photos: () => gallery.photos(near(0), [0, 1], 1),
    ready: () => bridge.api.ready({}),
  };
  return { gallery, bridge, ask, crashes };
}

describe('an index worker that is killed', () => {
  it.each<Asked>(['search', 'references', 'photos', 'ready'])(
    'in `%s`: that call fails, the next opens the collection again',
    async (method) => {
      const { gallery, bridge, ask, crashes } = await open();
      const before = await ask[method]();
      await bridge.api.dieIn(method);
      // Whatever else is asked for then fails with it, rather than never.
      const asked = [ask[method](), gallery.status()];
      expect(await Promise.allSettled(asked)).toMatchObject([
        { status: 'rejected', reason: { code: 'worker-crashed' } },
        {},
      ]);
      expect(crashes).toHaveLength(1);
      expect(await ask[method]()).toEqual(before);
      expect(links).toHaveLength(2);
    },
  );
});
