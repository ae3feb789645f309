// Benchmark of encoding and of the whole recognition on pictures drawn by code, in Node.
import sharp from 'sharp';
import { openStages } from '../src/cli/commands/recognize.ts';
import { openModel } from '../src/cli/models.ts';
import { drawScene } from '../src/imaging/drawn.ts';
import { backendInWords } from '../src/inference/backend.ts';
import { recognize } from '../src/recognizer.ts';
import { timing } from './statistics.ts';

/** Runs that are not counted: they compile and warm caches. */
const WARM_UP = 3;

/** JPEGs of drawn scenes, scaled up to the size of a phone's preview so that resizing does real work. */
export async function drawnPhotos(count: number): Promise<Uint8Array[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const { data, width, height, channels } = drawScene(i % 10, i);
      return sharp(data, { raw: { width, height, channels } })
        .resize({ width: 1280 })
        .jpeg({ quality: 85 })
        .toBuffer();
    }),
  );
}

export async function benchEncode(n: number) {
  const { encoder, info } = await openModel();
  const photos = await drawnPhotos(10);
  const byStage = new Map<string, number[]>();
  const totals: number[] = [];
  for (let i = 0; i < n + WARM_UP; i += 1) {
    const began = performance.now();
    const { timings } = await encoder.encode(photos[i % photos.length]!);
    if (i < WARM_UP) continue;
    totals.push(performance.now() - began);
    for (const [stage, ms] of Object.entries(timings)) {
      const list = byStage.get(stage) ?? [];
      list.push(ms);
      byStage.set(stage, list);
    }
  }
  return {
    bench: 'encode',
    unit: 'ms',
    encoder: info.id,
    backend: backendInWords(info.backend),
    photo: '1280 × 960 JPEG',
    ...timing(totals),
    stages: Object.fromEntries([...byStage].map(([stage, ms]) => [stage, timing(ms)])),
  };
}

export async function benchRecognize(n: number, collection?: string) {
  const stages = await openStages(collection === undefined ? {} : { collection });
  const photos = await drawnPhotos(10);
  const totals: number[] = [];
  for (let i = 0; i < n + WARM_UP; i += 1) {
    const { timings } = await recognize(photos[i % photos.length]!, stages);
    if (i >= WARM_UP) totals.push(timings.total ?? 0);
  }
  return {
    bench: 'recognize',
    unit: 'ms',
    backend: stages.backend,
    rows: stages.search.rows,
    ...timing(totals),
  };
}
