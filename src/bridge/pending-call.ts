// One call on its way through the bridge: told to the caller once, whatever the worker does later.
import { CairnError, toCairnError } from '../errors.ts';
import { type IssuedTicket, isLongWork, issueTicket } from './protocol.ts';

export interface CallEvents {
  /** Milliseconds without a sign of progress; 0 = for ever. */
  readonly timeoutMs: number;
  /** Milliseconds between an abort and `onStuck`, if the worker has not answered by then. */
  readonly graceMs: number;
  /** The caller has been told of a timeout or an abort, but the worker does not let go. */
  readonly onStuck: (why: string) => void;
}

/** Settles as soon as the worker answers, the caller aborts, time is up or the worker dies. */
export class PendingCall {
  readonly promise: Promise<unknown>;
  readonly #args: readonly unknown[];
  readonly #events: CallEvents;
  readonly #tickets: IssuedTicket[] = [];
  readonly #signal: AbortSignal | undefined;
  #resolve!: (value: unknown) => void;
  #reject!: (error: CairnError) => void;
  #told = false;
  #sent = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(args: readonly unknown[], events: CallEvents) {
    this.#events = events;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#signal = args.find(isLongWork)?.signal;
    this.#args = args.map((arg) => {
      if (!isLongWork(arg)) return arg;
      const issued = issueTicket(arg, () => this.#restartTimer());
      this.#tickets.push(issued);
      return issued.ticket;
    });
    this.#signal?.addEventListener('abort', this.#onAbort);
  }

  /** Sends the call and resolves when the worker has answered or the call was given up. */
  async run(send: (args: readonly unknown[]) => Promise<unknown>): Promise<void> {
    try {
      if (this.#told) return;
      this.#sent = true;
      this.#restartTimer();
      const value = await send(this.#args);
      this.#tell(() => this.#resolve(value));
    } catch (thrown) {
      this.reject(toCairnError(thrown));
    } finally {
      this.#clear();
    }
  }

  /** The worker is gone: no answer will come. */
  reject(error: CairnError): void {
    this.#tell(() => this.#reject(error));
    this.#clear();
  }

  #tell(how: () => void): void {
    if (this.#told) return;
    this.#told = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    how();
  }

  readonly #onAbort = (): void => {
    this.#giveUp(new CairnError('aborted', 'The work was stopped.', 'Start it again if needed.'));
    clearTimeout(this.#timer);
    if (!this.#sent) return;
    const stuck = () => this.#events.onStuck('it did not stop when asked to');
    this.#timer = setTimeout(stuck, this.#events.graceMs);
  };

  #restartTimer(): void {
    const { timeoutMs, onStuck } = this.#events;
    if (this.#told || timeoutMs === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const seconds = (timeoutMs / 1000).toString();
      this.#giveUp(
        new CairnError(
          'timeout',
          `No answer within ${seconds} s.`,
          'Try again; close other tabs if it is slow.',
        ),
      );
      onStuck('it took too long');
    }, timeoutMs);
  }

  #giveUp(error: CairnError): void {
    this.#tell(() => this.#reject(error));
    for (const ticket of this.#tickets) ticket.cancel();
  }

  #clear(): void {
    clearTimeout(this.#timer);
    for (const ticket of this.#tickets) ticket.close();
  }
}
