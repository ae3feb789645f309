// Owns a worker's whole life: started by the first call, watched, given up when broken, started anew.
import { wrap } from 'comlink';
import { CairnError, type ErrorCode, throwIfAborted, toCairnError } from '../errors.ts';
import { PendingCall } from './pending-call.ts';
import { type HostSignal, installErrorTransfer, isLongWork } from './protocol.ts';
import type { WorkerLink } from './worker-link.ts';

/** A method as seen from another thread: the same, but it always answers by a promise. */
type Far<Method> = Method extends (...args: never[]) => Promise<unknown>
  ? Method
  : Method extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Result>
    : never;

/** The methods of `Api` as called across threads; its other members stay on the far side. */
export type Remote<Api> = {
  readonly [K in keyof Api as Api[K] extends (...args: never[]) => unknown ? K : never]: Far<
    Api[K]
  >;
};

export interface BridgeOptions<Api> {
  /** For messages, such as "encoder". */
  readonly name: string;
  /** Milliseconds that a call may take without a sign of progress; 0 = for ever. */
  readonly timeoutMs?: number;
  /** Other limits by method. */
  readonly timeouts?: { readonly [K in keyof Remote<Api>]?: number };
  /** Milliseconds without any message until a worker that is at work counts as hung. */
  readonly silenceMs?: number;
  /** Milliseconds that a worker has to stop an aborted call before it is ended. */
  readonly graceMs?: number;
  /** Milliseconds without a call after which the worker is let go; 0 = never. */
  readonly idleMs?: number;
  /**
   * Failures that may have left the worker's machinery broken, such as a WASM runtime that ran out of memory: the next call
   * starts another, and this one ends as soon as nothing of it is pending.
   */
  readonly spoiledBy?: readonly ErrorCode[];
  /** Runs first in every new worker (such as opening a collection again); other calls wait. */
  readonly prepare?: (api: Remote<Api>) => Promise<unknown>;
  /** A worker died with this error; the next call starts another. */
  readonly onCrash?: (error: CairnError) => void;
}

/** WASM computes for seconds without looking up: only a far longer silence means a hung worker. */
export const BRIDGE_DEFAULTS = { timeoutMs: 60_000, silenceMs: 30_000, graceMs: 10_000, idleMs: 0 };
const BEATS_PER_SILENCE = 4;

type Timer = ReturnType<typeof setTimeout>;
interface Running {
  readonly link: WorkerLink;
  readonly calls: Record<string, (...args: unknown[]) => Promise<unknown>>;
  readonly pending: Set<PendingCall>;
  /** Pings since the worker last said anything; null until it has loaded and can answer. */
  unanswered: number | null;
  prepared: Promise<unknown> | null;
  /** By one of {@link BridgeOptions.spoiledBy}. */
  spoiled?: boolean;
  /** Ended. */
  over?: boolean;
  beat?: Timer;
  idle?: Timer;
}

export class WorkerBridge<Api extends object> {
  /** Looks like the worker's object: same methods, same `LongWork`, same typed errors. */
  readonly api: Remote<Api>;
  readonly #spawn: () => WorkerLink;
  readonly #options: BridgeOptions<Api> & typeof BRIDGE_DEFAULTS;
  #running: Running | null = null;
  /** With it, spoiled ones that end as soon as what they still do is over. */
  readonly #workers = new Set<Running>();

  constructor(spawn: () => WorkerLink, options: BridgeOptions<Api>) {
    installErrorTransfer();
    this.#spawn = spawn;
    this.#options = { ...BRIDGE_DEFAULTS, ...options };
    this.api = this.#face(true);
  }

  get alive(): boolean {
    return this.#running !== null;
  }

  /** Ends the worker; what is pending is rejected with `aborted`. A later call starts a new one. */
  release(): void {
    const what = `The ${this.#options.name} was let go.`;
    for (const one of this.#workers) {
      this.#end(one, new CairnError('aborted', what, 'Start it again if needed.'));
    }
  }

  /** @param waits for `prepare`; the calls that prepare itself makes do not */
  #face(waits: boolean): Remote<Api> {
    const get = (_: object, method: string | symbol) =>
      // An object with a `then` would be taken for a promise.
      typeof method === 'symbol' || method === 'then'
        ? undefined
        : (...args: unknown[]) => this.#call(method, args, waits);
    return new Proxy({}, { get }) as Remote<Api>;
  }

  async #call(method: string, args: unknown[], waits: boolean): Promise<unknown> {
    throwIfAborted(args.find(isLongWork)?.signal);
    const running = this.#start();
    const limits = this.#options.timeouts as Record<string, number> | undefined;
    const call = new PendingCall(args, {
      timeoutMs: limits?.[method] ?? this.#options.timeoutMs,
      graceMs: this.#options.graceMs,
      onStuck: (why) => this.#crash(running, why),
    });
    running.pending.add(call);
    this.#watch(running);
    const run = () => call.run((sent) => running.calls[method]!(...sent));
    // A failed `prepare` ends the worker, and with it every call that waited for it.
    const ready = (waits && running.prepared) || Promise.resolve();
    void ready
      .then(run, () => {})
      .finally(() => {
        running.pending.delete(call);
        if (running.spoiled && running.pending.size === 0) this.#end(running, spoilt());
        else this.#watch(running);
      });
    call.promise.catch(({ code }: CairnError) => {
      // What `prepare` makes of its own failures is its own affair.
      if (waits && this.#options.spoiledBy?.includes(code)) running.spoiled = true;
    });
    return call.promise;
  }

  #start(): Running {
    if (this.#running && !this.#running.spoiled) return this.#running;
    const link = this.#spawn();
    const calls = wrap(link.endpoint) as unknown as Running['calls'];
    const running: Running = { link, calls, pending: new Set(), unanswered: null, prepared: null };
    this.#running = running;
    this.#workers.add(running);
    link.onDeath((why) => this.#crash(running, why));
    link.endpoint.addEventListener('message', () => {
      running.unanswered = 0;
    });
    running.prepared = this.#options.prepare?.(this.#face(false)) ?? null;
    running.prepared?.catch((thrown) => this.#end(running, toCairnError(thrown)));
    return running;
  }

  /** Pings while there is work; lets an idle worker go. */
  #watch(running: Running): void {
    if (this.#running !== running) return;
    const { silenceMs, idleMs } = this.#options;
    clearTimeout(running.idle);
    if (running.pending.size > 0) {
      if (running.beat) return;
      // Pings are counted, not milliseconds: browsers slow the timers of hidden pages down.
      running.beat = setInterval(() => {
        if (running.unanswered === BEATS_PER_SILENCE) this.#crash(running, 'it no longer answers');
        else if (running.unanswered !== null) {
          running.unanswered++;
          running.link.endpoint.postMessage({ cairn: 'ping' } satisfies HostSignal);
        }
      }, silenceMs / BEATS_PER_SILENCE);
    } else {
      clearInterval(running.beat);
      delete running.beat;
      if (idleMs > 0) running.idle = setTimeout(() => this.release(), idleMs);
    }
  }

  #crash(running: Running, why: string): void {
    if (running.over) return;
    const what = `The ${this.#options.name} worker broke down: ${why}.`;
    const error = new CairnError('worker-crashed', what, 'Try again: it starts anew by itself.');
    this.#end(running, error);
    this.#options.onCrash?.(error);
  }

  #end(running: Running, error: CairnError): void {
    running.over = true;
    this.#workers.delete(running);
    if (this.#running === running) this.#running = null;
    clearInterval(running.beat);
    clearTimeout(running.idle);
    running.link.terminate();
    for (const call of running.pending) call.reject(error);
  }
}

/** For whoever still waits for `prepare`. */
function spoilt(): CairnError {
  return new CairnError('worker-crashed', 'The worker was not sound any more.', 'Try again.');
}
