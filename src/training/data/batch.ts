// A batch of augmented photos, the plan that it is made by, and whatever makes batches from plans.

export interface Batch {
  /** [N, height, width, 3] row-major, (x − mean) / std per channel on 0..255 values. */
  readonly pixels: Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Index into the data set's photos, [N]. */
  readonly photos: Int32Array;
  /** Class index, −1 where the photo has none, [N]. */
  readonly labels: Int32Array;
  /** 1 where the photo was mirrored left and right, [N]: two looks at a teacher differ by it. */
  readonly flipped: Uint8Array;
}

/** What a batch holds. Everything in a batch follows from its plan, the photos and the options. */
export interface BatchPlan {
  /** Indices into the data set's photos. */
  readonly photos: readonly number[];
  /** Pixels of every image. */
  readonly width: number;
  readonly height: number;
  /** Of the augmentation, 32 bits: with the place in the batch it decides each photo's draw. */
  readonly seed: number;
  /** Place of the first photo in the whole batch, where this is a share of one; 0 when left out. */
  readonly first?: number;
}

/** Makes batches ahead of time, usually in workers. */
export interface BatchSource<B = Batch> {
  /**
   * The batch of a plan. May be called several times before the first has come: answers belong to
   * their calls, and work is done in the order of calls. Throws `photo-*` for a photo that cannot be
   * read, `worker-crashed`, and `aborted` after `close`.
   */
  load(plan: BatchPlan): Promise<B>;
  /** Ends the workers; batches that have not come are rejected with `aborted`. */
  close(): Promise<void>;
}

/** The part of a batch that one of `count` processes makes: together they make the same batch. */
export function shareOf(plan: BatchPlan, rank: number, count: number): BatchPlan {
  const n = plan.photos.length;
  const from = Math.floor((rank * n) / count);
  const to = Math.floor(((rank + 1) * n) / count);
  return { ...plan, photos: plan.photos.slice(from, to), first: (plan.first ?? 0) + from };
}
