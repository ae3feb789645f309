// A runtime for tests of falling back: it says that it has a graphics card, and what that computes can be spoilt.
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
