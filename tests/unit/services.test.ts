// Collections that are searched elsewhere: what is sent where, and from when on nothing is. The service is the one of
// `cairn serve`.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { allowedOrigins, mayAsk } from '../../src/app/collections/address.ts';
import { Services } from '../../src/app/services/service-list.ts';
import type { OpenCollection } from '../../src/cli/collections.ts';
import { type Service, startService } from '../../src/cli/serve/service.ts';
import { collectionRows } from '../../src/retrieval/collection.ts';
import { describeCollection } from '../../src/retrieval/description.ts';
import { IndexService } from '../../src/retrieval/index-service.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import type { CairnStore } from '../../src/retrieval/store.ts';
import { filesOf, HEX, headOf, loadFiles, randomUnits, rowsOf } from './retrieval-fixtures.ts';

const DIM = 16;
const LABELS = 5;
const MADE = { id: 'encoder-a', weightsSha256: HEX('a'), dim: DIM };
const QUERY = randomUnits(1, DIM, 77);
const ASKED = { k: 10, vectors: 3 };

let index: IndexService;
let open: OpenCollection;
let service: Service;
/** What the service was asked, by its paths. */
let asked: string[] = [];
/** Before the service sees a question. */
let onAsk: (path: string, signal?: AbortSignal | null) => Promise<void> | void;

beforeAll(async () => {
  index = new IndexService({ store: new MemoryStore(), graphs: 'lazy' });
  const tokens = Float32Array.from({ length: 8 }, (_, i) => Math.sin(i));
  const size = { width: 640, height: 480 };
  const cells = Uint8Array.of(1, 2, 3, 4);
  const view = { original: size, shrunk: size, cells, channels: 4, tokens };
  const head = { ...headOf(LABELS, DIM), matcher: { id: 'matcher', weightsSha256: HEX('c') } };
  const rows = rowsOf(100, LABELS, DIM, 1).map((row) => ({ ...row, view }));
  const loaded = await loadFiles(await filesOf(head, rows));
  const collection = await index.open({ kind: 'loaded', loaded });
  const description = describeCollection(collection, collectionRows(collection));
  open = { search: index, describe: async () => description, close: async () => index.close() };
});
beforeEach(async () => {
  asked = [];
  onAsk = () => undefined;
  service = await startService(open, {});
  vi.stubGlobal('navigator', {});
  const { fetch: send } = globalThis;
  vi.stubGlobal('fetch', async (url: URL, init?: RequestInit) => {
    if (!url.href.startsWith(service.address)) return send(url, init);
    const path = url.pathname.slice(1);
    asked.push(path);
    await onAsk(path, init?.signal);
    return send(url, init);
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await service.close(100);
});
afterAll(() => index.close());

function tabOn(store: CairnStore, made = MADE) {
  const onChange = vi.fn();
  const onProblem = vi.fn();
  const services = new Services({
    store: async () => store,
    made: async () => made,
    onChange,
    onProblem,
  });
  return { services, onChange, onProblem };
}

const states = ({ list }: Services) => list.value.map(({ state }) => state.at);
const agreedIn = (store: CairnStore) => store.getValue('services/agreed');

describe('a service', () => {
  it('is asked for its description alone before it is agreed to', async () => {
    const store = new MemoryStore();
    const { services, onChange } = tabOn(store);
    await services.start();
    const offer = await services.look(service.address);
    expect(offer.state).toMatchObject({ at: 'open', description: { name: 'test' } });
    expect(asked).toEqual(['v1/collection']);
    expect(services.list.value).toEqual([]);
    expect(services.parts).toEqual([]);
    expect(onChange).not.toHaveBeenCalled();
    expect(await agreedIn(store)).toBeUndefined();
  });

  it('answers as its collection does once it is agreed to, and still at the next visit', async () => {
    const store = new MemoryStore();
    const first = tabOn(store).services;
    await first.agree(service.address);
    const { services, onChange } = tabOn(store);
    await services.start();
    expect(onChange).toHaveBeenCalled();
    for (const each of [first, services]) {
      expect(states(each)).toEqual(['open']);
      const [part] = each.parts;
      expect(await part!.search.search(QUERY, ASKED)).toEqual(await index.search(QUERY, ASKED));
      expect(await part!.references!.references(QUERY, [0, 3], 2)).toEqual(
        await index.references(QUERY, [0, 3], 2),
      );
    }
  });

  it('of another encoder is neither agreed to nor opened', async () => {
    const store = new MemoryStore();
    await tabOn(store).services.agree(service.address);
    const { services } = tabOn(store, { ...MADE, weightsSha256: HEX('f') });
    await services.start();
    expect(services.list.value).toMatchObject([
      { state: { at: 'failed', error: { code: 'collection-mismatch' } } },
    ]);
    expect(services.parts).toEqual([]);
    await expect(services.look(service.address)).rejects.toMatchObject({
      code: 'collection-mismatch',
    });
  });

  it('that fails within a recognition has found nothing, and is told of', async () => {
    const { services, onProblem } = tabOn(new MemoryStore());
    await services.agree(service.address);
    const [part] = services.parts;
    onAsk = () => {
      throw new TypeError('no network');
    };
    expect(await part!.search.search(QUERY, ASKED)).toMatchObject({ neighbours: [] });
    // Not asked again for the same photo, nor for others for a while: each would wait for it.
    expect(await part!.references!.references(QUERY, [0], 2)).toEqual([]);
    expect(onProblem).toHaveBeenCalledTimes(1);
    expect(services.parts).toEqual([]);
    expect(services.list.value[0]!.state.at).toBe('failed');
    onAsk = () => undefined;
    await services.again(services.list.value[0]!.address);
    const [back] = services.parts;
    expect((await back!.search.search(QUERY, ASKED)).neighbours.length).toBeGreaterThan(0);
    // Who stops a recognition is told that it was stopped.
    const signal = AbortSignal.abort();
    await expect(back!.search.search(QUERY, { ...ASKED, signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(onProblem).toHaveBeenCalledTimes(1);
  });
});

describe('a service that failed', () => {
  it('is asked again by itself after a minute', async () => {
    const { services } = tabOn(new MemoryStore());
    await services.agree(service.address);
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onAsk = () => {
      throw new TypeError('no network');
    };
    await services.parts[0]!.search.search(QUERY, ASKED);
    onAsk = () => undefined;
    vi.advanceTimersByTime(59_000);
    expect(services.list.value[0]!.state.at).toBe('failed');
    vi.advanceTimersByTime(1_000);
    vi.useRealTimers();
    await vi.waitFor(() => expect(services.list.value[0]!.state.at).toBe('open'));
    expect(services.parts).toHaveLength(1);
  });
});

describe('a service that is taken away', () => {
  it('gets nothing more, not even from a recognition that has begun', async () => {
    const store = new MemoryStore();
    const { services, onProblem } = tabOn(store);
    await services.agree(service.address);
    const [part] = services.parts;
    const { address } = services.list.value[0]!;
    const removing = services.remove(address);
    // At once: storage has not answered yet.
    expect(services.list.value).toEqual([]);
    expect(services.parts).toEqual([]);
    expect(await part!.search.search(QUERY, ASKED)).toMatchObject({ neighbours: [] });
    expect(await part!.references!.references(QUERY, [0], 2)).toEqual([]);
    await removing;
    expect(asked).toEqual(['v1/collection']);
    expect(await agreedIn(store)).toEqual([]);
    expect(onProblem).not.toHaveBeenCalled();
  });

  it('does not hold up the search that waits for it', async () => {
    const { services, onProblem } = tabOn(new MemoryStore());
    await services.agree(service.address);
    const [part] = services.parts;
    onAsk = (_, signal) =>
      new Promise((_done, fail) => {
        signal?.addEventListener('abort', () => fail(signal.reason));
      });
    const searching = part!.search.search(QUERY, ASKED);
    await vi.waitFor(() => expect(asked.at(-1)).toBe('v1/search'));
    await services.remove(services.list.value[0]!.address);
    expect(await searching).toMatchObject({ neighbours: [] });
    expect(onProblem).not.toHaveBeenCalled();
  });

  it('while it is being opened does not come back', async () => {
    const store = new MemoryStore();
    await tabOn(store).services.agree(service.address);
    const { services } = tabOn(store);
    let answer: () => void = () => undefined;
    onAsk = () =>
      new Promise((done) => {
        answer = done;
      });
    const starting = services.start();
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    await services.remove(services.list.value[0]!.address);
    answer();
    await starting;
    expect(services.list.value).toEqual([]);
    expect(services.parts).toEqual([]);
    await services.again(service.address);
    expect(asked).toHaveLength(2);
  });

  it('in one tab is taken away in the others, as one that is agreed to is searched there', async () => {
    const store = new MemoryStore();
    const [here, there] = [tabOn(store).services, tabOn(store).services];
    await there.start();
    await here.agree(service.address);
    await vi.waitFor(() => expect(states(there)).toEqual(['open']));
    const [part] = there.parts;
    await here.remove(here.list.value[0]!.address);
    await vi.waitFor(() => expect(there.list.value).toEqual([]));
    const before = asked.length;
    expect(await part!.search.search(QUERY, ASKED)).toMatchObject({ neighbours: [] });
    expect(asked).toHaveLength(before);
  });
});

describe('what a page may ask', () => {
  const page = 'https://photos.example/cairn/';
  const policy = "default-src 'self'; connect-src 'self' https://a.example blob:; img-src *";

  it('is its own origin and those that its policy names', () => {
    expect(allowedOrigins(policy)).toEqual(['https://a.example']);
    expect(mayAsk('https://photos.example', page, policy)).toBe(true);
    expect(mayAsk('https://a.example', page, policy)).toBe(true);
    for (const origin of [
      'http://a.example',
      'https://a.example:8443',
      'https://a.example.evil.example',
      'https://b.a.example',
    ]) {
      expect(mayAsk(origin, page, policy)).toBe(false);
    }
  });

  it('is no other origin where the policy names none, and any without a policy', () => {
    expect(mayAsk('https://a.example', page, "default-src 'self'; img-src *")).toBe(false);
    expect(mayAsk('https://a.example', page, '')).toBe(true);
  });
});
