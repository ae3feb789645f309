// What a soak measures after each lot of photos, and when its figures count as level.
import { theilSen } from '../bench/statistics.ts';

/** After a lot, garbage collected and the list cleared. Bytes where nothing else is said. */
export interface Figures {
  /** Photos so far. */
  readonly photos: number;
  /** The page's JavaScript heap. */
  readonly pageHeap: number;
  /** Heaps of all workers together, memories of WebAssembly included. */
  readonly workerHeaps: number;
  /** Linear memories of WebAssembly in page and workers. */
  readonly wasm: number;
  /** Resident in the page's process. */
  readonly resident: number;
  /** DOM nodes, detached ones that are still held included. */
  readonly nodes: number;
  readonly listeners: number;
  /** Addresses of blobs that nobody has revoked. */
  readonly objectUrls: number;
  readonly workers: number;
  /** Buffers and textures of WebGPU that live in workers; 0 without WebGPU. */
  readonly gpuBuffers: number;
  readonly gpuBytes: number;
}

export type Figure = Exclude<keyof Figures, 'photos'>;

/**
 * What one photo may add at most, by the robust slope over the later half. The history keeps an entry a photo (up to
 * 500), some KiB each; the process's memory moves by what the allocator keeps.
 */
export const BOUNDS: Readonly<Record<Figure, number>> = {
  pageHeap: 16 * 1024,
  workerHeaps: 16 * 1024,
  wasm: 16 * 1024,
  resident: 256 * 1024,
  // A card has hundreds; how many a lot has depends on its verdicts.
  nodes: 5,
  listeners: 0.5,
  objectUrls: 0,
  workers: 0,
  gpuBuffers: 0.05,
  gpuBytes: 16 * 1024,
};

/** What fills until the browser's caches are as large as they get, and differs by what a lot shows. */
const FILLING: ReadonlySet<Figure> = new Set([
  'pageHeap',
  'workerHeaps',
  'resident',
  'nodes',
  'listeners',
]);
/** After so many photos it is no longer that. */
const FILLED = 100;

export interface Levelling {
  /** A photo. */
  readonly slope: number;
  readonly bound: number;
  /** Null where there were too few photos to tell. */
  readonly level: boolean | null;
}

/** @param samples at least four, in their order */
export function levelling(samples: readonly Figures[]): Readonly<Record<Figure, Levelling>> {
  const later = samples.slice(samples.length >> 1);
  const filling = (samples.at(-1)?.photos ?? 0) < FILLED;
  const of = (figure: Figure): Levelling => {
    const slope = theilSen(later.map((one) => ({ x: one.photos, y: one[figure] })));
    const bound = BOUNDS[figure];
    const level = filling && FILLING.has(figure) ? null : slope <= bound;
    return { slope: Number(slope.toPrecision(4)), bound, level };
  };
  const figures = Object.keys(BOUNDS) as Figure[];
  return Object.fromEntries(figures.map((figure) => [figure, of(figure)])) as Record<
    Figure,
    Levelling
  >;
}
