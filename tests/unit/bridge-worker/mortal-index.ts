// A Node thread that serves an index as its worker does in the browser, until it is told in which call to die.
import { parentPort } from 'node:worker_threads';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { serve } from '../../../src/bridge/serve.ts';
import { IndexService } from '../../../src/retrieval/index-service.ts';
import { MemoryStore } from '../../../src/retrieval/memory-store.ts';

export type Asked = 'search' | 'references' | 'photos' | 'ready';

export class MortalIndex extends IndexService {
  dieIn(method: Asked): void {
    Object.assign(this, { [method]: () => process.exit(3) });
  }
}

serve(new MortalIndex({ store: new MemoryStore() }), nodeEndpoint(parentPort!));
