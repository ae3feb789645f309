// Waiting: for one's turn at something that only one call may work on, and for a while.
import { throwIfAborted } from '../errors.ts';

const turns = new WeakMap<object, Map<string, Promise<void>>>();

/** Waits until no other call of this thread works on the key; gives what ends one's own turn. */
export async function takeTurn(
  owner: object,
  key: string,
  signal: AbortSignal | undefined,
): Promise<() => void> {
  let queue = turns.get(owner);
  if (!queue) {
    queue = new Map();
    turns.set(owner, queue);
  }
  for (let busy = queue.get(key); busy; busy = queue.get(key)) {
    await Promise.race([busy, aborted(signal)]);
    throwIfAborted(signal);
  }
  throwIfAborted(signal);
  const { promise, resolve } = withResolvers();
  queue.set(key, promise);
  return () => {
    queue.delete(key);
    resolve();
  };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Resolves when the signal fires; never, without one. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done) => signal?.addEventListener('abort', () => done(), { once: true }));
}

/** Waits; throws `aborted` as soon as the signal fires. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((done) => {
    timer = setTimeout(done, ms);
  });
  await Promise.race([timeout, aborted(signal)]);
  clearTimeout(timer);
  throwIfAborted(signal);
}
