// The worker's side of the bridge: exposes an object's methods, answers pings, holds the life lock.
import { type Endpoint, expose } from 'comlink';
import { randomId } from '../random.ts';
import { installErrorTransfer, isPing, redeemTicket, type WorkerSignal } from './protocol.ts';

type Method = (...args: readonly unknown[]) => unknown;

/**
 * Serves every method of `api` (its own and its class's) to the bridge at the other end.
 * Methods get their `LongWork` with a live signal and progress callback, as if called in-process.
 *
 * @param endpoint this worker's own channel unless told, as Node's threads must
 */
export function serve(api: object, endpoint: Endpoint = workerScope()): void {
  installErrorTransfer();
  const call = async (method: string, ...args: readonly unknown[]) => {
    const redeemed = args.map(redeemTicket);
    try {
      return await (api as Record<string, Method>)[method]!(...redeemed.map((r) => r.value));
    } finally {
      for (const r of redeemed) r.close();
    }
  };
  expose(
    Object.fromEntries(methodNames(api).map((name) => [name, call.bind(null, name)])),
    endpoint,
  );
  const say = (signal: WorkerSignal) => endpoint.postMessage(signal);
  endpoint.addEventListener('message', (event) => {
    if (isPing((event as MessageEvent).data)) say({ cairn: 'pong' });
  });
  void announce(say);
}

/**
 * The lock tells of a worker's death at once, however it died, and never takes a busy worker for
 * a dead one, as a missed heartbeat would: the platform frees it when the worker is gone.
 */
async function announce(say: (signal: WorkerSignal) => void): Promise<void> {
  if (typeof navigator === 'undefined' || !navigator.locks) {
    say({ cairn: 'ready', lock: null });
    return;
  }
  const lock = `cairn-worker-${randomId()}`;
  await navigator.locks.request(lock, () => {
    say({ cairn: 'ready', lock });
    return new Promise(() => {});
  });
}

/** Typed as a window, since one program holds the page's types and the worker's. */
function workerScope(): Endpoint {
  return globalThis as unknown as Endpoint;
}

function methodNames(api: object): string[] {
  const names = new Set<string>();
  for (let o: object | null = api; o && o !== Object.prototype; o = Object.getPrototypeOf(o)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(o))) {
      if (name !== 'constructor' && typeof property.value === 'function') names.add(name);
    }
  }
  return [...names];
}
