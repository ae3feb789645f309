// What a file of kernels hands to register.ts, and how tfjs calls them.
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelFunc } from '@tensorflow/tfjs-core';

/** A kernel of the WASM backend by tfjs's name for it, or by ours. */
export type TrainingKernel =
  | { readonly name: string; readonly run: KernelFunc }
  /** Takes the place of tfjs's own, which stays at hand for what it does not do itself. */
  | { readonly name: string; readonly override: (original: KernelFunc) => KernelFunc };

/** The argument of a kernel: tfjs's type for it says nothing about inputs and attributes. */
export interface Call<Inputs, Attrs> {
  readonly inputs: Inputs;
  readonly attrs: Attrs;
  readonly backend: BackendWasm;
}
