// Opening what computes: on the backend that is chosen, and on WASM where WebGPU fails.
import { throwIfAborted, toCairnError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { type BackendChoice, type BackendWish, chooseBackend, fallBackToWasm } from './backend.ts';
import type { InferenceRuntime } from './session.ts';

export interface OpeningParts<M, R> {
  readonly runtime: InferenceRuntime;
  /** The runtime's own wish when left out. */
  readonly wish?: BackendWish | undefined;
  readonly load: (work: LongWork) => Promise<M>;
  /** @param fellBack whether WebGPU was tried before */
  readonly open: (choice: BackendChoice, model: M, fellBack: boolean, work: LongWork) => Promise<R>;
}

/**
 * Throws what `load` throws, `aborted`, and what `open` throws: from WebGPU only where WASM would fail
 * likewise: for a model that is unfit, settings that cannot be used, or work that was stopped.
 */
export async function openWithFallback<M, R>(
  { runtime, wish = runtime.defaultWish, load, open }: OpeningParts<M, R>,
  work: LongWork,
): Promise<R> {
  const facts = await runtime.facts();
  const choice = chooseBackend(wish, facts);
  const model = await load(work);
  throwIfAborted(work.signal);
  try {
    return await open(choice, model, false, work);
  } catch (thrown) {
    const { code, message } = toCairnError(thrown);
    const hopeless = code === 'aborted' || code === 'model-invalid' || code === 'usage';
    if (choice.backend !== 'webgpu' || hopeless) throw thrown;
    return open(fallBackToWasm(facts, message), model, true, work);
  }
}

/** On WASM, since WebGPU has failed after it was opened. Throws what `load` and `open` throw, `aborted`. */
export async function openFallenBack<M, R>(
  { runtime, load, open }: OpeningParts<M, R>,
  why: string,
  work: LongWork,
): Promise<R> {
  const choice = fallBackToWasm(await runtime.facts(), why);
  const model = await load(work);
  throwIfAborted(work.signal);
  return open(choice, model, true, work);
}
