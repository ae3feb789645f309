// How often a client may ask: a bucket of tokens for each address, refilled at a steady rate.

export interface RatePreset {
  /** Requests a second, on average. */
  readonly perSecond: number;
  /** Requests at once after a pause. */
  readonly burst: number;
  /** Addresses that are remembered; beyond it the one that was quiet for longest is forgotten. */
  readonly clients: number;
}

/** A recognition asks three times: two searches and, where photos are verified, views. */
export const RATE: RatePreset = { perSecond: 20, burst: 40, clients: 10_000 };

interface Bucket {
  tokens: number;
  /** Milliseconds, when `tokens` was true. */
  at: number;
}

export class RateLimit {
  /** In the order of their last request. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly preset: RatePreset = RATE) {}

  /**
   * Takes a token of the client.
   * @param now milliseconds of a clock that never goes back
   * @returns seconds to wait, 0 where the request may go on
   */
  take(client: string, now: number): number {
    const { perSecond, burst, clients } = this.preset;
    const known = this.#buckets.get(client);
    const before = known ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, before.tokens + ((now - before.at) / 1000) * perSecond);
    const granted = tokens >= 1;
    this.#buckets.delete(client);
    this.#buckets.set(client, { tokens: granted ? tokens - 1 : tokens, at: now });
    // A full bucket is as good as none; whoever was quiet for longest has the fullest.
    if (this.#buckets.size > clients) this.#buckets.delete(this.#buckets.keys().next().value!);
    return granted ? 0 : (1 - tokens) / perSecond;
  }
}
