// What parameters a network has: names as in the published checkpoints, PyTorch's shapes, how each starts.

/** How a parameter starts before training: normally distributed with this deviation, or one number. */
export type Start = { readonly std: number } | { readonly value: number };

export interface Parameter {
  readonly shape: readonly number[];
  readonly start: Start;
  /** A statistic that is counted, not trained: batch norms' running means and variances. */
  readonly statistic?: boolean;
}

const ZERO: Start = { value: 0 };
const ONE: Start = { value: 1 };
/** He et al. 2015: keeps the variance through a ReLU. */
const HE_GAIN = 2;
/** As transformers start (truncated there at two deviations; a plain normal here). */
export const TRANSFORMER_STD = 0.02;

/** Lists parameters layer by layer, in the order in which the network applies them. */
export class ParameterList {
  readonly all = new Map<string, Parameter>();

  add(name: string, shape: readonly number[], start: Start): void {
    this.all.set(name, { shape, start });
  }

  /** `nn.Conv2d`: [out, input / groups, kernel, kernel]; by default it starts after He, without a bias. */
  conv(
    name: string,
    out: number,
    input: number,
    kernel: number,
    options: { readonly groups?: number; readonly bias?: boolean; readonly gain?: number } = {},
  ): void {
    const { groups = 1, bias = false, gain = HE_GAIN } = options;
    const perGroup = input / groups;
    const std = Math.sqrt(gain / (perGroup * kernel * kernel));
    this.add(`${name}.weight`, [out, perGroup, kernel, kernel], { std });
    if (bias) this.add(`${name}.bias`, [out], ZERO);
  }

  /** `nn.BatchNorm2d`. */
  batchNorm(name: string, channels: number): void {
    this.norm(name, channels);
    const statistic = true;
    this.all.set(`${name}.running_mean`, { shape: [channels], start: ZERO, statistic });
    this.all.set(`${name}.running_var`, { shape: [channels], start: ONE, statistic });
  }

  /** `nn.LayerNorm`, and what is trained of a batch norm. */
  norm(name: string, channels: number): void {
    this.add(`${name}.weight`, [channels], ONE);
    this.add(`${name}.bias`, [channels], ZERO);
  }

  /** `nn.Linear`: [out, input], starting as in a transformer. */
  linear(name: string, out: number, input: number, bias = true): void {
    this.add(`${name}.weight`, [out, input], { std: TRANSFORMER_STD });
    if (bias) this.add(`${name}.bias`, [out], ZERO);
  }
}
