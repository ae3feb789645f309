// What tabs tell each other.
import { describe, expect, it, vi } from 'vitest';
import { createTabs } from '../../src/app/collections/tabs.ts';

/** Tells at once all of its name, itself excepted, as the browser's does. */
class MemoryChannel {
  static readonly #all: MemoryChannel[] = [];
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    MemoryChannel.#all.push(this);
  }

  postMessage(data: unknown): void {
    for (const other of MemoryChannel.#all) {
      if (other !== this && other.#name === this.#name) other.onmessage?.({ data });
    }
  }
}

describe('the word between tabs', () => {
  it('says what has happened, and takes what it does not know for a change', async () => {
    const heard: string[] = [];
    vi.stubGlobal('BroadcastChannel', MemoryChannel);
    const here = createTabs(() => undefined, 'h');
    createTabs((change) => heard.push(change), 'h');
    createTabs(() => heard.push('of something else'), 'other');
    here.tell();
    here.tell('cleared');
    new MemoryChannel('h').postMessage('of a later version');
    vi.unstubAllGlobals();
    expect(heard).toEqual(['changed', 'cleared', 'changed']);
  });
});
