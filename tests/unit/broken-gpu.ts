// A runtime for tests of falling back: it says that it has a graphics card, and what that computes can be spoilt.
import { CairnError } from '../../src/errors.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import type { Floats, InferenceRuntime } from '../../src/inference/session.ts';

/** A runtime that claims a graphics card, whose numbers come out changed. */
export function brokenGpu(spoil: (data: Float32Array) => void): InferenceRuntime {
  const node = nodeRuntime();
  return {
    defaultWish: 'auto',
    facts: async () => ({
      ...(await node.facts()),
      runtime: 'browser',
      native: false,
      gpu: { name: 'a card with a bad driver', fallback: false },
    }),
    async createSession(onnx, choice) {
      const session = await node.createSession(onnx, { ...choice, backend: 'wasm' });
      if (choice.backend === 'wasm') return session;
      return {
        release: session.release,
        async run(inputs) {
          const outputs = await session.run(inputs);
          for (const { data } of Object.values<Floats>(outputs)) spoil(data);
          return outputs;
        },
      };
    },
  };
}

/**
 * A runtime that claims a graphics card, which is lost for good once told: whatever runs on it fails, nothing new can be
 * opened on it, and letting go of what was is never answered.
 */
export function losableGpu(): InferenceRuntime & { lose(): void } {
  const whole = brokenGpu(() => undefined);
  let lost = false;
  return {
    ...whole,
    lose: () => {
      lost = true;
    },
    async createSession(onnx, choice) {
      const gone = () => new CairnError('inference-failed', 'The device is lost.', 'Reload.');
      if (choice.backend === 'wasm') return whole.createSession(onnx, choice);
      if (lost) throw gone();
      const session = await whole.createSession(onnx, choice);
      return {
        run: (inputs) => (lost ? Promise.reject(gone()) : session.run(inputs)),
        release: () => (lost ? new Promise<never>(() => undefined) : session.release()),
      };
    },
  };
}

/** As much of a device as the watch hears from. */
export class TestDevice extends EventTarget {
  lose!: (info: { reason: string; message: string }) => void;
  readonly lost = new Promise((resolve) => {
    this.lose = resolve;
  });
  report(message: string): void {
    const event = Object.assign(new Event('uncapturederror'), { error: new Error(message) });
    this.dispatchEvent(event);
  }
  asDevice(): GPUDevice {
    return this as unknown as GPUDevice;
  }
}
