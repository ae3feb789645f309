// Do parameters fit what they are applied to? Both interpreters ask here, so that both say the same.
import { CairnError } from '../errors.ts';

function misfit(what: string): CairnError {
  return new CairnError(
    'model-invalid',
    `The weights do not fit the network: ${what}.`,
    'Use weights that were made for this network and this spec.',
  );
}

type Size = number | string | null | undefined;

/** `kernel` is [out, in / groups, kh, kw]; `channels` those of the map, if known. */
export function requireConv(channels: Size, kernel: readonly Size[], groups: number): void {
  const [out, perGroup] = kernel;
  if (kernel.length !== 4 || typeof out !== 'number' || typeof perGroup !== 'number') {
    throw misfit(`a convolution's kernel has the shape [${kernel.join(', ')}]`);
  }
  const takes = perGroup * groups;
  if ((typeof channels === 'number' && channels !== takes) || out % groups !== 0) {
    throw misfit(`a kernel [${kernel.join(', ')}] in ${groups} groups meets ${channels} channels`);
  }
}

/** `weight` is [out, in] or [out, in, 1]; `channels` those of the input, if known. */
export function requireLinear(channels: Size, weight: readonly Size[]): void {
  const [, takes, kernel = 1] = weight;
  const matrix = (weight.length === 2 || weight.length === 3) && kernel === 1;
  if (!matrix || (typeof channels === 'number' && channels !== takes)) {
    throw misfit(`a linear layer [${weight.join(', ')}] meets ${channels} channels`);
  }
}

/** A vector that applies to each channel. */
export function requireLength(channels: Size, length: Size): void {
  if (typeof channels === 'number' && channels !== length) {
    throw misfit(`${length} numbers meet ${channels} channels`);
  }
}
