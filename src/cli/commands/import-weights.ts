// `cairn import-weights`: a published checkpoint → safetensors by our names, with a report of every name.
import { writeFile } from 'node:fs/promises';
import { MATCHER_ARCHS, matcherParameters, matcherSpecs } from '../../nets/matchers.ts';
import { specsOf } from '../../nets/networks.ts';
import { parameterShapes } from '../../nets/parameters.ts';
import { inPrecision, matchParameters, renameCheckpoint } from '../../weights/name-maps.ts';
import { writeSafetensors } from '../../weights/safetensors.ts';
import { readArch } from '../flags.ts';
import { readWeights } from '../network-model.ts';
import { note, printJson, usage } from '../output.ts';

export interface ImportOptions {
  readonly arch: string;
  readonly spec?: string;
  readonly out: string;
  readonly fp16?: boolean;
  readonly partial?: boolean;
}

/**
 * Writes nothing when a parameter is missing or misshapen, unless --partial: then what fits is written,
 * for a training to start from. Throws `usage`, `model-invalid`.
 */
export async function importWeights(file: string, options: ImportOptions): Promise<void> {
  const { arch, spec, shapes } = wantedNetwork(options);
  const { weights, dropped } = renameCheckpoint(arch, await readWeights(file));
  const match = matchParameters(weights, shapes);
  const { missing, unexpected, misshapen } = match;
  const whole = missing.length === 0 && misshapen.length === 0;
  const report = { matched: match.weights.size, missing, unexpected, misshapen, dropped };
  if (!whole && !options.partial) {
    printJson({ arch, spec, ...report });
    const wrong = [...missing, ...misshapen.map(({ name }) => name)];
    note(
      `cairn: ${wrong.length} of ${shapes.size} parameters of ${arch}/${spec} are missing or of another shape, such as "${wrong[0]}". Choose another --spec, or keep what fits with --partial.`,
    );
    process.exitCode = 2;
    return;
  }
  const precision = options.fp16 ? 'float16' : 'float32';
  const metadata = new Map([
    ['arch', arch],
    ['spec', spec],
  ]);
  const bytes = writeSafetensors(inPrecision(match.weights, precision), metadata);
  await writeFile(options.out, bytes).catch((cause) => {
    throw usage(`${options.out} cannot be written: ${cause.message}.`, 'Choose another file.');
  });
  printJson({ arch, spec, ...report, out: options.out, bytes: bytes.byteLength, precision });
}

/** An encoder or a matcher, with the shapes of its parameters. Throws `usage`, `model-invalid`. */
function wantedNetwork({ arch: name, spec: wanted }: ImportOptions) {
  const matcher = MATCHER_ARCHS.find((each) => each === name);
  if (matcher !== undefined) {
    const spec = wanted ?? matcherSpecs(matcher)[0] ?? '';
    const parameters = matcherParameters(matcher, spec);
    const shapes = new Map([...parameters].map(([key, { shape }]) => [key, shape] as const));
    return { arch: matcher, spec, shapes };
  }
  const arch = readArch('--arch', name, MATCHER_ARCHS);
  const spec = wanted ?? specsOf(arch)[0] ?? '';
  return { arch, spec, shapes: parameterShapes(arch, spec) };
}
