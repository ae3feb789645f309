// How long to wait for a connection that stays open and brings nothing.

/** A line that brings nothing for as long, ms, counts as cut. */
export const STALL_MS = 30_000;

export interface Patience {
  /** Fires when whoever waits stops, or when nothing has come for too long. */
  readonly signal: AbortSignal;
  /** Something has come. */
  alive(): void;
  /** The wait is over, well or not. */
  end(): void;
}

/** @param ms without a sign of life until it is given up @param stop by whoever waits */
export function patience(ms: number, stop: AbortSignal | undefined): Patience {
  const controller = new AbortController();
  const giveUp = () => controller.abort(new Error(`nothing came for ${(ms / 1000).toString()} s`));
  const onStop = () => controller.abort(stop?.reason);
  if (stop?.aborted) onStop();
  stop?.addEventListener('abort', onStop, { once: true });
  let timer = setTimeout(giveUp, ms);
  const end = () => {
    clearTimeout(timer);
    stop?.removeEventListener('abort', onStop);
  };
  return {
    signal: controller.signal,
    alive() {
      clearTimeout(timer);
      timer = setTimeout(giveUp, ms);
    },
    end,
  };
}
