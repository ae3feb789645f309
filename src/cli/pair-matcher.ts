// A matcher for many pairs of photos, whose results are kept between runs under the hashes of its weights and
// of the photos. Reports and evaluations ask it; `cairn match` matches one pair.
import { createHash } from 'node:crypto';
import type { FoundModel, PairEstimate } from '../evaluation/pair-report.ts';
import { MATCH_FIELDS } from '../geometry/matches.ts';
import * as geometryPresets from '../geometry/presets.ts';
import { decodePhoto } from '../imaging/decode-node.ts';
import {
  matchInput,
  matchPhotos,
  matchPhotoWithView,
  type VerifiedPoints,
  verifyPoints,
} from '../inference/match-photos.ts';
import { type MatcherModel, OrtMatcher } from '../inference/matcher.ts';
import { nodeRuntime } from '../inference/node-runtime.ts';
import type { MatchInput } from '../inference/pair-runner.ts';
import * as matchingPresets from '../matching/presets.ts';
import type { ReferenceView } from '../matching/reference-view.ts';
import type { Weights } from '../weights/safetensors.ts';
import { CACHE_FOLDER, readPhoto } from './encode-photos.ts';
import { chooseModel, type MatcherChoice } from './open-matcher.ts';
import { PairCache, pairKey } from './pair-cache.ts';
import { photoKey } from './photo-key.ts';

/** As `openMatcher` takes it, with the side as a number; the matcher's own when left out. */
export interface MatcherSource extends Omit<MatcherChoice, 'longestSide'> {
  readonly longestSide?: number | undefined;
}

/** What a decision can be built on; see `Verification` of src/geometry/verify.ts. */
export interface PairEvidence {
  readonly matches: number;
  readonly homographyInliers: number;
  readonly fundamentalInliers: number;
  /** Of the chosen model. */
  readonly inliers: number;
  readonly inlierRatio: number;
  /** Sum of the inliers' confidences. */
  readonly confidence: number;
  readonly spreadA: number;
  readonly spreadB: number;
  readonly orientation: number;
  /** The estimator's: inliers, each counted the less the more it is off. */
  readonly score: number;
}

type Files = readonly [a: string, b: string];

export class PairMatcher {
  readonly #matcher: OrtMatcher;
  readonly #evidence: PairCache<PairEvidence | null>;
  readonly #estimates: PairCache<PairEstimate>;

  private constructor(
    readonly title: string,
    readonly key: string,
    /** That photos are shrunk to, in pixels. */
    readonly longestSide: number,
    matcher: OrtMatcher,
    caches: [PairCache<PairEvidence | null>, PairCache<PairEstimate>],
  ) {
    this.#matcher = matcher;
    [this.#evidence, this.#estimates] = caches;
  }

  /** Throws `usage`, `model-*`, `hash-mismatch`. */
  static async open(source: MatcherSource): Promise<PairMatcher> {
    const { longestSide: wanted, ...choice } = source;
    const { name: title, load } = await chooseModel(choice);
    const model = await load();
    const longestSide = wanted ?? model.longestSide ?? matchingPresets.MAX_SIDE;
    const matcher = new OrtMatcher({
      runtime: nodeRuntime(),
      load: async () => model,
      longestSide,
    });
    // Every constant of matching and of geometry counts: another one gives other results.
    const parts = [identityOf(model), longestSide, matchingPresets, geometryPresets];
    const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    const file = (kind: string) => `pairs-${kind}-${key.slice(0, 12)}`;
    return new PairMatcher(`${title}, ${longestSide} px`, key, longestSide, matcher, [
      await PairCache.open(CACHE_FOLDER, file('evidence')),
      await PairCache.open(CACHE_FOLDER, file('estimates')),
    ]);
  }

  /** Null for the same photo twice. Throws `photo-*`, and as `OrtMatcher.match` does. */
  evidence(files: Files): Promise<PairEvidence | null> {
    return this.#kept(this.#evidence, files, async (a, b) => {
      const found = await matchPhotos(this.#matcher, a, b);
      return found.identical ? null : evidenceOf(found.geometry);
    });
  }

  /**
   * A photo against what a collection keeps of another.
   * @param name changes with the view: how it was made, and of which photo. Throws likewise.
   */
  viewEvidence(file: string, view: ReferenceView, name: string): Promise<PairEvidence> {
    return this.#keptOf(file, name, async (photo) => {
      const { geometry } = await matchPhotoWithView(this.#matcher, photo, view);
      return evidenceOf(geometry);
    });
  }

  /** The matcher itself, whose results are not kept. */
  get matcher(): OrtMatcher {
    return this.#matcher;
  }

  /** Both models of a pair, chosen or not, with matrices. Throws likewise. */
  estimate(files: Files): Promise<PairEstimate> {
    return this.#kept(this.#estimates, files, async (a, b) => {
      const began = performance.now();
      const { points, pictures } = await this.#matcher.match(a, b);
      const find = (model: 'homography' | 'fundamental'): FoundModel => {
        const { matrix, inlierCount } = verifyPoints(points, pictures, { model });
        return { matrix: matrix && Array.from(matrix), inliers: inlierCount };
      };
      const [homography, fundamental] = [find('homography'), find('fundamental')];
      const seconds = (performance.now() - began) / 1000;
      return { matches: points.length / MATCH_FIELDS, homography, fundamental, seconds };
    });
  }

  dispose(): Promise<void> {
    return this.#matcher.dispose();
  }

  async #keptOf(
    file: string,
    name: string,
    compute: (photo: MatchInput) => Promise<PairEvidence>,
  ): Promise<PairEvidence> {
    const photo = await readPhoto(file);
    const key = await photoKey(photo);
    const value = await this.#evidence.of(pairKey(this.key, key, name), async () =>
      compute(matchInput(await decodePhoto(photo), key)),
    );
    return value!; // only pairs of photos may be the same photo twice
  }

  async #kept<V>(
    cache: PairCache<V>,
    files: Files,
    compute: (a: MatchInput, b: MatchInput) => Promise<V>,
  ): Promise<V> {
    const photos = await Promise.all(files.map(readPhoto));
    const [a, b] = await Promise.all(photos.map(photoKey));
    return cache.of(pairKey(this.key, a!, b!), async () => {
      const decoded = await Promise.all(photos.map((bytes) => decodePhoto(bytes)));
      return compute(matchInput(decoded[0]!, a), matchInput(decoded[1]!, b));
    });
  }
}

export function evidenceOf(geometry: VerifiedPoints): PairEvidence {
  let confidence = 0;
  for (let row = 0; row < geometry.inlierCount; row++) {
    confidence += geometry.points[MATCH_FIELDS * row + 4]!;
  }
  return {
    matches: geometry.matches,
    homographyInliers: geometry.homographyInliers,
    fundamentalInliers: geometry.fundamentalInliers,
    inliers: geometry.inlierCount,
    inlierRatio: geometry.inlierRatio,
    confidence,
    spreadA: geometry.spreadA,
    spreadB: geometry.spreadB,
    orientation: geometry.orientation,
    score: geometry.score,
  };
}

/**
 * Changes with the specs' names and the weights, whose shapes say most of a row of the specs. What else a row
 * says (heads, positions, where the first pixel lies) is no part of it, for the sake of what is kept: a row
 * that is changed takes another name. tests/unit/pair-cache.test.ts holds the rows to it.
 */
function identityOf(model: MatcherModel): string {
  const parts = model.arch === 'superglue' ? [model.superpoint, model.superglue] : [model];
  return parts.map(({ spec, weights }) => `${spec} ${hashOf(weights)}`).join(' ');
}

/** Of names, shapes and values, in whatever order they came. */
function hashOf(weights: Weights): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name} ${shape.join(' ')}\n`).update(data);
  }
  return hash.digest('hex');
}
