// What travels between a page and its workers besides comlink's own call and return messages.
import { type TransferHandler, transfer, transferHandlers } from 'comlink';
import { fromPlainError, type PlainError, toPlainError } from '../errors.ts';
import type { LongWork, Progress } from '../progress.ts';

/** Host → worker, on the worker's channel: are you alive? */
export type HostSignal = { readonly cairn: 'ping' };

/** Worker → host, on the worker's channel. */
export type WorkerSignal =
  /** The code is loaded. `lock` names a Web Lock that the worker holds for as long as it lives. */
  { readonly cairn: 'ready'; readonly lock: string | null } | { readonly cairn: 'pong' };

/** Both ways on the port of one call. */
export type CallSignal =
  | { readonly kind: 'cancel' }
  | { readonly kind: 'progress'; readonly progress: Progress };

/**
 * What stands for a `LongWork` among the arguments of a call, since neither a signal nor a callback
 * can be cloned: the call's port, and whatever else the object carried (such as `k` of a search).
 */
export interface WorkTicket {
  readonly cairnPort: MessagePort;
  readonly rest: Readonly<Record<string, unknown>>;
}

export function isWorkerSignal(data: unknown): data is WorkerSignal {
  return typeof data === 'object' && data !== null && 'cairn' in data;
}

export function isPing(data: unknown): data is HostSignal {
  return isWorkerSignal(data) && (data as { cairn: string }).cairn === 'ping';
}

/** True for an argument that carries a signal or a progress callback. */
export function isLongWork(value: unknown): value is LongWork {
  if (typeof value !== 'object' || value === null) return false;
  const work = value as LongWork;
  return work.signal instanceof AbortSignal || typeof work.onProgress === 'function';
}

/** The host's end of a ticket: `cancel` tells the worker to stop, `close` frees the port. */
export interface IssuedTicket {
  readonly ticket: WorkTicket;
  cancel(): void;
  close(): void;
}

export function issueTicket(work: LongWork, onSign: () => void): IssuedTicket {
  const { signal: _signal, onProgress, ...rest } = work;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<CallSignal>) => {
    if (data.kind !== 'progress') return;
    onSign();
    onProgress?.(data.progress);
  };
  return {
    ticket: transfer({ cairnPort: port2, rest }, [port2]),
    cancel: () => port1.postMessage({ kind: 'cancel' } satisfies CallSignal),
    close: () => port1.close(),
  };
}

/** The worker's end: turns a ticket back into a `LongWork`; other arguments pass unchanged. */
export function redeemTicket(value: unknown): { readonly value: unknown; close(): void } {
  if (typeof value !== 'object' || value === null || !('cairnPort' in value)) {
    return { value, close: () => {} };
  }
  const { cairnPort, rest } = value as WorkTicket;
  const controller = new AbortController();
  cairnPort.onmessage = ({ data }: MessageEvent<CallSignal>) => {
    if (data.kind === 'cancel') controller.abort();
  };
  const onProgress = (progress: Progress) =>
    cairnPort.postMessage({ kind: 'progress', progress } satisfies CallSignal);
  return {
    value: { ...rest, signal: controller.signal, onProgress },
    close: () => cairnPort.close(),
  };
}

interface Thrown {
  readonly value: unknown;
}

/**
 * Errors cross as {@link PlainError} and come back as `CairnError`. Comlink's own handler would keep
 * only name, message and stack; replacing it by its name is the extension point that it offers.
 */
export function installErrorTransfer(): void {
  const original = transferHandlers.get('throw');
  if (!original) return;
  const handler: TransferHandler<Thrown, PlainError> = {
    canHandle: (value): value is Thrown => original.canHandle(value),
    serialize: ({ value }) => [toPlainError(value), []],
    deserialize: (plain) => {
      throw fromPlainError(plain);
    },
  };
  transferHandlers.set('throw', handler);
}
