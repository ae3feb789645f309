// Notices when a GPU device is lost or refuses work, of which tfjs itself says nothing.
import { CairnError } from '../../errors.ts';

/** How long a failure may precede the news that the device is lost, which explains it better. */
const NEWS_MS = 100;

export interface DeviceWatch {
  /** Fires when the device can compute no more; its `reason` is a `CairnError`. Never without WebGPU. */
  readonly lost: AbortSignal;
  /**
   * `work`'s outcome, or the typed error as soon as the device is lost, also when `work` then fails by
   * itself or never settles. Work that is still running should heed `lost`.
   */
  guard<T>(work: Promise<T>): Promise<T>;
}

/** For backends that have no device to lose. */
export const NO_DEVICE: DeviceWatch = {
  lost: new AbortController().signal,
  guard: (work) => work,
};

/**
 * Watches from now on until `release` is called, before the device is destroyed on purpose. An error that
 * WebGPU reports to nobody else counts as a loss: out of memory or a refused command leaves zeros where
 * numbers should be, and tfjs would go on with them.
 * @param remedy what to do about it, where this training runs
 */
export function watchDevice(
  device: GPUDevice,
  name: string,
  remedy: string,
): DeviceWatch & { release(): void } {
  const controller = new AbortController();
  const { signal } = controller;
  let released = false;
  const fail = (error: CairnError) => {
    if (!released) controller.abort(error);
  };
  const onError = (event: GPUUncapturedErrorEvent) => {
    // Dawn would print it on standard output, which belongs to --json.
    event.preventDefault();
    fail(refused(name, event.error, remedy));
  };
  device.addEventListener('uncapturederror', onError);
  void device.lost.then(({ reason, message }) => fail(deviceLost(name, message || reason, remedy)));
  return {
    lost: signal,
    guard: async (work) => {
      const { promise, stop } = failureOf(signal);
      try {
        const outcome = await Promise.race([promise, work]);
        signal.throwIfAborted();
        return outcome;
      } catch (thrown) {
        await Promise.race([promise, new Promise((resolve) => setTimeout(resolve, NEWS_MS))]);
        throw thrown;
      } finally {
        stop();
      }
    },
    release: () => {
      released = true;
      device.removeEventListener('uncapturederror', onError);
    },
  };
}

/** Rejects once the signal has fired. */
function failureOf(signal: AbortSignal): { promise: Promise<never>; stop: () => void } {
  let stop = () => {};
  const promise = new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    stop = () => signal.removeEventListener('abort', onAbort);
  });
  // Whoever races it learns of it; without a race it must not count as unhandled.
  promise.catch(() => {});
  return { promise, stop };
}

function deviceLost(name: string, why: string, remedy: string): CairnError {
  const words = `The WebGPU device ${name} was lost (${why}).`;
  return new CairnError('backend-unavailable', words, remedy);
}

function refused(name: string, error: GPUError, remedy: string): CairnError {
  const [line] = error.message.split('\n');
  const what = 'GPUOutOfMemoryError' in globalThis && error instanceof GPUOutOfMemoryError;
  const words = what ? 'ran out of memory' : 'refused a command';
  return new CairnError('training-failed', `The WebGPU device ${name} ${words}: ${line}`, remedy);
}
