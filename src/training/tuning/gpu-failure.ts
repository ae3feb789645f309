// A graphics processor that fails while tuning: what it computed is dropped, and the page is told.
import { CairnError, toPlainError } from '../../errors.ts';
import type { DeviceWatch } from '../../tensor/tf/device-watch.ts';

/** The subject of the error that says so: WASM can go on from what was kept. */
export const GPU_FAILED = 'gpu';

/**
 * What a backend computes, unless its device is lost or has refused a command meanwhile: then nothing of it is sound, and
 * it may never settle. The worker is to be ended after that.
 * @throws CairnError `training-failed` of the subject {@link GPU_FAILED}; whatever the work throws by itself
 */
export async function onDevice<T>(watch: DeviceWatch, work: Promise<T>): Promise<T> {
  try {
    return await watch.guard(work);
  } catch (thrown) {
    if (!watch.lost.aborted) throw thrown;
    const { message, remedy } = toPlainError(watch.lost.reason);
    throw new CairnError('training-failed', message, remedy, { subject: GPU_FAILED });
  }
}
