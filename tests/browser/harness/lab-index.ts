// The lab's index: a collection in its worker, searched by both engines, with the worker within reach.
import { WorkerBridge } from '../../../src/bridge/worker-bridge.ts';
import { linkWorker } from '../../../src/bridge/worker-link.ts';
import type { IndexService } from '../../../src/retrieval/index-service.ts';
import type { SearchEngine } from '../../../src/retrieval/search.ts';

/** A search's answer that can cross into the test. */
export interface PlainResult {
  readonly rows: readonly number[];
  readonly labels: readonly number[];
  readonly similarities: readonly number[];
  readonly engine: SearchEngine;
}

export class IndexLab {
  readonly bridge: WorkerBridge<IndexService>;
  readonly crashes: string[] = [];
  #worker: Worker | undefined;

  constructor(url: string) {
    const spawn = () => {
      this.#worker = new Worker(new URL('../../../workers/index.ts', import.meta.url), {
        type: 'module',
      });
      return linkWorker(this.#worker);
    };
    this.bridge = new WorkerBridge<IndexService>(spawn, {
      name: 'index',
      onCrash: (error) => void this.crashes.push(error.message),
      // Progress keeps a long opening from being taken for one that hangs.
      prepare: (api) => api.open({ kind: 'url', url }, { onProgress: () => undefined }),
    });
  }

  kill(): void {
    this.#worker?.terminate();
  }

  async search(query: readonly number[], k: number, engine?: SearchEngine): Promise<PlainResult> {
    const options = engine ? { k, engine } : { k };
    const found = await this.bridge.api.search(Float32Array.from(query), options);
    return {
      rows: found.neighbours.map((n) => n.row),
      labels: found.neighbours.map((n) => n.label),
      similarities: found.neighbours.map((n) => n.similarity),
      engine: found.engine,
    };
  }
}
