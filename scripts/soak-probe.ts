// What a soak reads off a page: heaps, WebAssembly memories, nodes, addresses of blobs, GPU buffers.
import type { CDPSession, Page, Worker } from 'playwright-core';
import type { Figures } from './soak-figures.ts';

/** Counters in page and workers; a script, since it must run before any code of theirs. */
export const COUNTERS = `
globalThis.soak = (() => {
  const memories = [];
  const seen = new WeakSet();
  const note = (memory) => {
    if (!(memory instanceof WebAssembly.Memory) || seen.has(memory)) return;
    seen.add(memory);
    memories.push(new WeakRef(memory));
  };
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(Memory, given) {
      const made = Reflect.construct(Memory, given);
      note(made);
      return made;
    },
  });
  const inside = (made) => {
    for (const one of Object.values((made.instance ?? made).exports ?? {})) note(one);
    return made;
  };
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const plain = WebAssembly[name];
    WebAssembly[name] = (...given) => plain.apply(WebAssembly, given).then(inside);
  }
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct: (Instance, given) => inside(Reflect.construct(Instance, given)),
  });
  const urls = new Set();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    const url = createObjectURL.call(URL, blob);
    urls.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    urls.delete(url);
    revokeObjectURL.call(URL, url);
  };
  const gpu = { buffers: 0, bytes: 0 };
  if (globalThis.GPUDevice) {
    const live = new Map();
    let next = 0;
    const gone = (id) => {
      if (!live.has(id)) return;
      gpu.buffers -= 1;
      gpu.bytes -= live.get(id);
      live.delete(id);
    };
    const collected = new FinalizationRegistry(gone);
    const ids = new WeakMap();
    const { createBuffer } = GPUDevice.prototype;
    GPUDevice.prototype.createBuffer = function (given) {
      const made = createBuffer.call(this, given);
      const id = next++;
      ids.set(made, id);
      live.set(id, given.size);
      gpu.buffers += 1;
      gpu.bytes += given.size;
      collected.register(made, id);
      return made;
    };
    const { destroy } = GPUBuffer.prototype;
    GPUBuffer.prototype.destroy = function () {
      gone(ids.get(this));
      destroy.call(this);
    };
  }
  return {
    wasm: () => memories.reduce((sum, one) => sum + (one.deref()?.buffer.byteLength ?? 0), 0),
    urls: () => urls.size,
    gpu: () => ({ ...gpu }),
  };
})();
`;

/** Software adapters are refused, rightly: for a soak of the WebGPU path ours says that it is a card. */
export const POSING_ADAPTER = `
const info = { vendor: 'soak', architecture: 'card', device: '', description: '', isFallbackAdapter: false };
Object.defineProperty(GPUAdapter.prototype, 'info', { get: () => info });
`;

interface Soak {
  wasm(): number;
  urls(): number;
  gpu(): { readonly buffers: number; readonly bytes: number };
}
type Scope = typeof globalThis & { readonly soak: Soak };

/** Workers that answer; threads of WebAssembly wait in a way in which they cannot. */
const ANSWERS = /\/(encoder|index|matcher|trainer)-/;

/** Heaps of a page's workers over the protocol: Playwright itself has no session for a worker. */
export class WorkerHeaps {
  readonly #protocol: CDPSession;
  /** Address by session. */
  readonly #sessions = new Map<string, string>();
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #last = 0;

  private constructor(protocol: CDPSession) {
    this.#protocol = protocol;
    protocol.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (ANSWERS.test(targetInfo.url)) this.#sessions.set(sessionId, targetInfo.url);
    });
    protocol.on('Target.detachedFromTarget', ({ sessionId }) => this.#sessions.delete(sessionId));
    protocol.on('Target.receivedMessageFromTarget', ({ message }) => {
      const { id, result } = JSON.parse(message) as { id?: number; result?: unknown };
      if (id !== undefined) this.#waiting.get(id)?.(result);
    });
  }

  /** Of the workers that the page starts from now on. */
  static async watch(protocol: CDPSession): Promise<WorkerHeaps> {
    const heaps = new WorkerHeaps(protocol);
    await protocol.send('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
    });
    return heaps;
  }

  async collect(): Promise<void> {
    await Promise.all(this.#each('HeapProfiler.collectGarbage'));
  }

  /** Bytes, those of typed arrays included. */
  async used(): Promise<number> {
    const all = (await Promise.all(this.#each('Runtime.getHeapUsage'))) as {
      usedSize: number;
      backingStorageSize?: number;
    }[];
    return all.reduce((sum, one) => sum + one.usedSize + (one.backingStorageSize ?? 0), 0);
  }

  #each(method: string): Promise<unknown>[] {
    return [...this.#sessions.keys()].map((sessionId) => {
      this.#last += 1;
      const id = this.#last;
      const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
      const message = JSON.stringify({ id, method });
      // A worker that has just gone has nothing to add.
      return this.#protocol
        .send('Target.sendMessageToTarget', { sessionId, message })
        .then(() => answer)
        .finally(() => this.#waiting.delete(id));
    });
  }
}

/** @param resident of the page's process, which only the kernel knows */
export async function probe(
  page: Page,
  protocol: CDPSession,
  heaps: WorkerHeaps,
  photos: number,
  resident: () => Promise<number>,
): Promise<Figures> {
  const workers = page.workers().filter((worker) => ANSWERS.test(worker.url()));
  // Caches that the browser gives up when memory is short are no leak: of decoded pictures, of files that it has read.
  await protocol.send('Memory.simulatePressureNotification', { level: 'critical' });
  // Twice: what a finalizer lets go of is collected by the next.
  for (let round = 0; round < 2; round++) {
    await heaps.collect();
    await protocol.send('HeapProfiler.collectGarbage');
  }
  const { metrics } = await protocol.send('Performance.getMetrics');
  const metric = (name: string) => metrics.find((one) => one.name === name)?.value ?? Number.NaN;
  const inside = await Promise.all([page, ...workers].map(counted));
  const sum = (of: (one: Counted) => number) => inside.reduce((all, one) => all + of(one), 0);
  return {
    photos,
    pageHeap: metric('JSHeapUsedSize'),
    workerHeaps: await heaps.used(),
    wasm: sum((one) => one.wasm),
    resident: await resident(),
    nodes: metric('Nodes'),
    listeners: metric('JSEventListeners'),
    objectUrls: sum((one) => one.urls),
    workers: page.workers().length,
    gpuBuffers: sum((one) => one.gpu.buffers),
    gpuBytes: sum((one) => one.gpu.bytes),
  };
}

interface Counted {
  readonly wasm: number;
  readonly urls: number;
  readonly gpu: { readonly buffers: number; readonly bytes: number };
}

function counted(place: Page | Worker): Promise<Counted> {
  return (place as Worker).evaluate(() => {
    const { soak } = globalThis as Scope;
    return { wasm: soak.wasm(), urls: soak.urls(), gpu: soak.gpu() };
  });
}
