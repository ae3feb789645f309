// `cairn match`: what two photos have in common, and how much of it one motion of the camera explains.
import { CairnError, toCairnError } from '../../errors.ts';
import { MATCH_FIELDS } from '../../geometry/matches.ts';
import type { Bitmap8 } from '../../imaging/decode.ts';
import { decodePhoto } from '../../imaging/decode-node.ts';
import { backendInWords } from '../../inference/backend.ts';
import { matchInput, matchPhotos, type PhotoMatch } from '../../inference/match-photos.ts';
import { sha256Sync } from '../../weights/sha256.ts';
import { readPhoto } from '../encode-photos.ts';
import { readName } from '../flags.ts';
import { type MatcherChoice, openMatcher } from '../open-matcher.ts';
import { printJson } from '../output.ts';

export interface MatchCommand extends MatcherChoice {
  readonly model: string;
  readonly json?: boolean;
}

const MODELS = ['auto', 'homography', 'fundamental'] as const;

/** Throws `usage`, `photo-*` naming the file, `model-*`, `inference-failed`. */
export async function match(a: string, b: string, options: MatchCommand): Promise<void> {
  const model = readName('--model', options.model, MODELS);
  const { matcher, name } = await openMatcher(options);
  const reading = performance.now();
  const [first, second] = [await readInput(a), await readInput(b)];
  const read = performance.now() - reading;
  // Loading the network is no part of matching: who matches many photos does it once.
  const backend = first.id === second.id ? null : backendInWords(await matcher.open());
  const matching = performance.now();
  const found = await matchPhotos(matcher, first, second, { geometry: { model } });
  const seconds = (read + performance.now() - matching) / 1000;
  await matcher.dispose();
  if (options.json)
    printJson({ ...asJson(found), seconds, matcher: name, backend }, { lines: true });
  else process.stdout.write(`${a}, ${b}: ${inWords(found)} (${seconds.toFixed(1)} s)\n`);
}

/** The hash of the file names the picture: the same file twice is not compared. */
async function readInput(file: string) {
  const bytes = await readPhoto(file);
  const photo: Bitmap8 = await decodePhoto(bytes).catch((thrown) => {
    const { code, message, remedy } = toCairnError(thrown);
    throw new CairnError(code, `${file}: ${message}`, remedy, { cause: thrown });
  });
  return matchInput(photo, sha256Sync(bytes));
}

/** Of the same file nothing was counted; that the identity joins it to itself is certain. */
const IDENTICAL = {
  identical: true,
  matches: null,
  inliers: null,
  model: 'homography',
  points: [],
} as const;

function asJson(found: PhotoMatch) {
  if (found.identical) return IDENTICAL;
  const { matches, inlierCount, model, matrix, points } = found.geometry;
  return {
    identical: false,
    matches,
    inliers: inlierCount,
    model: matrix ? model : null,
    points: Array.from({ length: points.length / MATCH_FIELDS }, (_, row) =>
      Array.from(points.subarray(MATCH_FIELDS * row, MATCH_FIELDS * (row + 1)), rounded),
    ),
    timings: found.timings,
  };
}

/** Hundredths of a pixel and ten-thousandths of confidence: more means nothing. */
function rounded(value: number, field: number): number {
  const steps = field < MATCH_FIELDS - 1 ? 100 : 10_000;
  return Math.round(value * steps) / steps;
}

const IN_WORDS = { homography: 'homography', fundamental: 'fundamental matrix' } as const;

function inWords(found: PhotoMatch): string {
  if (found.identical) return 'the same file';
  const { matches, inlierCount, model, matrix } = found.geometry;
  const all = matches === 1 ? '1 match' : `${matches} matches`;
  if (!matrix) return `${all}, and no model that some of them agree with`;
  return `${all}, ${inlierCount} of which agree with one ${IN_WORDS[model]}`;
}
