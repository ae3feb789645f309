// onnxruntime in Node: the WASM build, or native code where the user has installed onnxruntime-node.
import { availableParallelism } from 'node:os';
import { CairnError } from '../errors.ts';
import { BACKEND_WISHES, type BackendWish, type MachineFacts } from './backend.ts';
import { createOrtSession, type InferenceRuntime, type Ort } from './session.ts';

/** Environment variable that chooses the backend: `auto`, `wasm` or `native`. */
const BACKEND_VARIABLE = 'CAIRN_BACKEND';

/** Throws `usage` when CAIRN_BACKEND names no backend. */
export function nodeRuntime(): InferenceRuntime {
  let facts: Promise<MachineFacts> | undefined;
  return {
    defaultWish: wishFromEnvironment(process.env[BACKEND_VARIABLE]),
    facts: () => {
      facts ??= probe();
      return facts;
    },
    createSession: async (onnx, choice) => {
      if (choice.backend === 'native') {
        const ort = (await importNative())!;
        const intraOpNumThreads = choice.threads;
        return createOrtSession(ort, onnx, { executionProviders: ['cpu'], intraOpNumThreads });
      }
      const ort = await import('onnxruntime-web');
      ort.env.wasm.numThreads = choice.threads;
      ort.env.logLevel = 'error';
      return createOrtSession(ort, onnx, { executionProviders: ['wasm'] });
    },
  };
}

function wishFromEnvironment(value: string | undefined): BackendWish {
  if (!value) return 'auto';
  const wish = BACKEND_WISHES.find((w) => w === value);
  if (wish) return wish;
  throw new CairnError(
    'usage',
    `${BACKEND_VARIABLE} is "${value}", which is no backend.`,
    `Set it to one of ${BACKEND_WISHES.join(', ')}, or unset it.`,
  );
}

async function probe(): Promise<MachineFacts> {
  return {
    runtime: 'node',
    gpu: null,
    gpuProblem: null,
    sharedMemory: true,
    cores: availableParallelism(),
    ios: false,
    native: (await importNative()) !== null,
  };
}

/** Null when it is not installed, or its binary does not load here. */
async function importNative(): Promise<Ort | null> {
  // In a variable: TypeScript would look for a package that is no dependency of ours.
  const name = 'onnxruntime-node';
  try {
    const module = (await import(name)) as Ort & { readonly default?: Ort };
    return module.InferenceSession ? module : (module.default ?? null);
  } catch {
    return null;
  }
}
