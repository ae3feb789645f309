// Addresses of blobs in components: made once, revoked once, and never shown when they are another's or gone.
import { createElement, options, render } from 'preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type App, AppContext } from '../../src/app/app.ts';
import { useOwnPicture } from '../../src/app/recognize/own-picture.ts';
import { useBlobUrl } from '../../src/app/shell/use-blob-url.ts';

/** As the browser's, with what each address stands for. */
class Addresses {
  readonly live = new Map<string, Blob>();
  #made = 0;

  readonly make = (blob: Blob | MediaSource): string => {
    const url = `blob:${this.#made++}`;
    this.live.set(url, blob as Blob); // no component has a MediaSource
    return url;
  };

  readonly revoke = (url: string): void => {
    if (!this.live.delete(url)) throw new Error(`${url} was revoked twice.`);
  };
}

/** What a component that draws nothing is drawn into. */
const nowhere = () => ({ nodeType: 1, childNodes: [], firstChild: null }) as unknown as Element;
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

let addresses: Addresses;
/** What each drawing would have shown: the blob, null for none, `revoked` for an address that leads nowhere. */
let drawn: (Blob | null | 'revoked')[];

const note = (url: string | null) => {
  drawn.push(url === null ? null : (addresses.live.get(url) ?? 'revoked'));
  return null;
};

beforeEach(() => {
  addresses = new Addresses();
  drawn = [];
  vi.spyOn(URL, 'createObjectURL').mockImplementation(addresses.make);
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation(addresses.revoke);
  vi.stubGlobal('requestAnimationFrame', queueMicrotask);
  options.requestAnimationFrame = queueMicrotask;
});

afterEach(() => {
  delete options.requestAnimationFrame;
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const [first, second] = [new Blob(['1']), new Blob(['2'])];

describe('the address of a blob', () => {
  const Shown = ({ blob }: { readonly blob: Blob | null }) => note(useBlobUrl(blob));

  it('follows the blob and goes with the component', async () => {
    const place = nowhere();
    const show = async (blob: Blob | null) => {
      render(createElement(Shown, { blob }), place);
      await settled();
    };
    for (const blob of [null, first, first, second, null, second]) {
      const before = drawn.length;
      await show(blob);
      expect(drawn.at(-1)).toBe(blob);
      // Neither a revoked one nor that of the blob before, for a moment.
      for (const seen of drawn.slice(before)) expect([null, blob]).toContain(seen);
      expect([...addresses.live.values()]).toEqual(blob ? [blob] : []);
    }
    render(null, place);
    await settled();
    expect(addresses.live.size).toBe(0);
  });
});

describe('the small copy of a taught photo', () => {
  const Shown = ({ id }: { readonly id: string }) => note(useOwnPicture(id));

  it('is that of the photo asked for last, whichever is read first', async () => {
    const reads = new Map<string, (blob: Blob | null) => void>();
    const picture = (id: string) =>
      new Promise<{ blob: Blob; name: string } | null>((resolve) =>
        reads.set(id, (blob) => resolve(blob && { blob, name: id })),
      );
    const app = { engine: { teaching: { picture } } } as unknown as App;
    const place = nowhere();
    const show = async (id: string) => {
      render(
        createElement(AppContext.Provider, { value: app }, createElement(Shown, { id })),
        place,
      );
      await settled();
    };
    const read = async (id: string, blob: Blob | null) => {
      reads.get(id)?.(blob);
      await settled();
    };
    await show('a');
    await read('a', first);
    expect(drawn.at(-1)).toBe(first);
    const before = drawn.length;
    await show('b');
    expect(addresses.live.size).toBe(0);
    await show('c');
    await read('c', second);
    await read('b', first);
    expect(drawn.at(-1)).toBe(second);
    for (const seen of drawn.slice(before)) expect([null, second]).toContain(seen);
    await show('gone');
    await read('gone', null);
    expect(drawn.at(-1)).toBeNull();
    render(null, place);
    await settled();
    expect(addresses.live.size).toBe(0);
  });
});
