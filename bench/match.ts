// Benchmark of matching one photo with ten candidates in Node, and of the geometry alone.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MatcherChoice, openMatcher } from '../src/cli/open-matcher.ts';
import { usage } from '../src/cli/output.ts';
import type { PixelGrid } from '../src/imaging/decode.ts';
import { decodePhoto } from '../src/imaging/decode-node.ts';
import { DRAWN, drawScene } from '../src/imaging/drawn.ts';
import { backendInWords } from '../src/inference/backend.ts';
import { type MatchOptions, matchInput, matchPhotos } from '../src/inference/match-photos.ts';
import type { OrtMatcher } from '../src/inference/matcher.ts';
import type { MatchInput } from '../src/inference/pair-runner.ts';
import type { LongWork } from '../src/progress.ts';
import { fundamentalTrials, homographyTrials, USUAL_SCENE } from './ransac-trials.ts';
import { timing } from './statistics.ts';

export interface MatchBench extends MatcherChoice {
  /** Times that the photo meets all candidates, of each kind. */
  readonly n: number;
  /** A folder; drawn scenes when left out. */
  readonly photos?: string | undefined;
  readonly onProgress?: LongWork['onProgress'];
}

const CANDIDATES = 10;
/** Scenes that the estimators are tried on. */
const TRIALS = 1000;

/** `cold`: no features are kept. `cached`: those of the candidates are. `kept`: the photo's are too. */
const KINDS = ['cold', 'cached', 'kept'] as const;
type Kind = (typeof KINDS)[number];

/** Random weights match next to nothing, so that everything mutual counts: the last step works as it would. */
const ALL_MATCHES: MatchOptions = { matches: { threshold: 0 } };

/** Milliseconds of decoded photos, geometry included. Throws `usage`, `photo-*`, `model-*`, `inference-failed`. */
export async function benchMatch({ n, photos: folder, onProgress, ...choice }: MatchBench) {
  const { matcher, name } = await openMatcher(choice);
  const { what, inputs } = folder === undefined ? drawnInputs() : await folderInputs(folder);
  const [photo, ...candidates] = inputs as [MatchInput, ...MatchInput[]];
  const report = await matcher.open();
  const options = choice.random ? ALL_MATCHES : {};
  const runs = { cold: [] as number[], cached: [] as number[], kept: [] as number[] };
  const stages = new Map<string, number[]>();
  let matches = 0;
  let done = 0;
  for (let run = 0; run < n; run++) {
    for (const kind of KINDS) {
      await prepare(matcher, kind, photo);
      const began = performance.now();
      for (const candidate of candidates) {
        const found = await matchPhotos(matcher, photo, candidate, options);
        if (found.identical) throw usage('The same photo is there twice.', 'Take one away.');
        matches += found.geometry.matches;
        // Features are each photo's own; the rest is the same in all kinds.
        for (const [stage, ms] of Object.entries(found.timings)) {
          if (stage !== 'features') stages.set(stage, [...(stages.get(stage) ?? []), ms]);
        }
      }
      runs[kind].push(performance.now() - began);
      done += 1;
      onProgress?.({ stage: 'match', done, total: n * KINDS.length, unit: 'steps' });
    }
  }
  await matcher.dispose();
  return {
    bench: 'match',
    unit: 'ms',
    backend: backendInWords(report),
    matcher: name,
    weights: choice.random ? 'random: times only' : 'trained',
    photos: what,
    candidates: candidates.length,
    matchesOfPair: matches / (done * candidates.length),
    ...timing(runs.cold),
    cold: timing(runs.cold),
    cached: timing(runs.cached),
    kept: timing(runs.kept),
    stagesOfPair: Object.fromEntries([...stages].map(([stage, ms]) => [stage, timing(ms)])),
    ransac: ransac(),
  };
}

/** A cold run comes first and leaves everything kept. */
async function prepare(matcher: OrtMatcher, kind: Kind, photo: MatchInput): Promise<void> {
  if (kind === 'cold') await matcher.forget();
  if (kind === 'cached') await matcher.forget(photo.id);
}

function ransac() {
  const options = { trials: TRIALS, scene: USUAL_SCENE };
  const { ours: homography } = homographyTrials(options);
  const { ours: fundamental } = fundamentalTrials(options);
  return { ...USUAL_SCENE, homography, fundamental };
}

/** Views of drawn scenes, each pixel four: the first shows what one of the candidates shows. */
function drawnInputs() {
  const inputs = Array.from({ length: CANDIDATES + 1 }, (_, i) => {
    const [seed, view] = i === 0 ? [0, 1] : [i - 1, 0];
    return { bitmap: doubled(drawScene(seed, view)), id: `${seed}/${view}` };
  });
  return { what: `drawn scenes of ${2 * DRAWN.width} × ${2 * DRAWN.height}`, inputs };
}

function doubled({ width, height, channels, data }: PixelGrid): PixelGrid {
  const [wide, high] = [2 * width, 2 * height];
  const large = new Uint8Array(wide * high * channels);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const from = ((y >> 1) * width + (x >> 1)) * channels;
      large.set(data.subarray(from, from + channels), (y * wide + x) * channels);
    }
  }
  return { width: wide, height: high, channels, data: large };
}

/** The first photos of a folder by name, the first of them against the others. */
async function folderInputs(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw usage(`${folder} cannot be read.`, 'Give a folder of photos.');
  });
  const names = entries
    .filter((entry) => entry.isFile() && /\.(jpe?g|png|webp|gif|avif)$/i.test(entry.name))
    .map(({ name }) => name)
    .sort()
    .slice(0, CANDIDATES + 1);
  if (names.length < CANDIDATES + 1) {
    throw usage(
      `${folder} holds ${names.length} photos.`,
      `Give a folder of ${CANDIDATES + 1} or more.`,
    );
  }
  const inputs: MatchInput[] = [];
  for (const name of names) {
    inputs.push(matchInput(await decodePhoto(await readFile(join(folder, name))), name));
  }
  return { what: `${inputs.length} photos`, inputs };
}
