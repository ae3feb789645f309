// Verification within a recognition: what is matched of a photo, and what an abort and a fault do.
import { describe, expect, it } from 'vitest';
import { CairnError } from '../../src/errors.ts';
import type { Bitmap8 } from '../../src/imaging/decode.ts';
import type { OrtMatcher } from '../../src/inference/matcher.ts';
import type { MatchInput } from '../../src/inference/pair-runner.ts';
import { type VerificationTask, verifyPhoto } from '../../src/inference/verify-photo.ts';
import type { ReferenceView } from '../../src/matching/reference-view.ts';
import type { Progress } from '../../src/progress.ts';
import { recognize, type Stages, type Verifier } from '../../src/recognizer.ts';
import type { DecisionModel } from '../../src/rerank/decision.ts';
import { FEATURES } from '../../src/rerank/features.ts';
import { NonLandmarkBank } from '../../src/rerank/non-landmark-bank.ts';
import { RERANK, VERIFICATION } from '../../src/rerank/presets.ts';
import type { MatchableReference, PictureReference } from '../../src/retrieval/search.ts';
import { HEX, headOf } from './retrieval-fixtures.ts';
import { DIM, near, openIndex, reference, row, viewOf } from './view-fixtures.ts';

const PHOTO: Bitmap8 = {
  width: 400,
  height: 300,
  channels: 3,
  data: new Uint8Array(3 * 400 * 300),
  header: { mime: 'image/jpeg', width: 800, height: 600, orientation: 1, animated: false },
};

/** Finds as many points as a view has cells, all of them as one camera would see them. */
class CountingMatcher implements Pick<OrtMatcher, 'match' | 'matchView' | 'forget'> {
  readonly asked: { readonly photo: MatchInput; readonly view: ReferenceView }[] = [];
  readonly pictures: (string | undefined)[] = [];
  readonly forgotten: (string | undefined)[] = [];

  async matchView(photo: MatchInput, view: ReferenceView) {
    this.asked.push({ photo, view });
    const count = view.cells.length / 2;
    const rows = Array.from({ length: count }, (_, i) => {
      const [x, y] = [(17 * i) % 380, (41 * i) % 290];
      return [2 * x + 0.5, 2 * y + 0.5, x + 60.25, y + 20.25, 0.9 - 0.001 * i];
    });
    return {
      points: Float32Array.from(rows.flat()),
      pictures: [{ shrunk: PHOTO, original: photo.original! }, view] as const,
      timings: { features: 0, coarse: 0, fine: 0 },
    };
  }

  /** As many of a picture as it is wide, in tens of pixels. */
  async match(photo: MatchInput, picture: MatchInput) {
    const { width, height } = picture.bitmap;
    const view = { ...viewOf(width / 10), original: { width, height } };
    const { points, timings, pictures } = await this.matchView(photo, view);
    this.pictures.push(picture.id);
    return {
      points,
      timings,
      pictures: [pictures[0], { shrunk: picture.bitmap, original: view.original }] as const,
    };
  }

  async forget(id?: string) {
    this.forgotten.push(id);
  }
}

/** A reference whose picture is so many pixels wide; none can be read that says so. */
const picture = (label: number, row: number, width: number | 'unreadable'): PictureReference => ({
  label,
  row,
  similarity: 0.5,
  id: `${row}`.padStart(32, '0'),
  picture: new Blob([`${width}`]),
});
const decode = async (blob: Blob): Promise<Bitmap8> => {
  const width = Number(await blob.text());
  if (Number.isNaN(width)) throw new CairnError('photo-corrupt', 'It is torn.', 'Another one.');
  const header = { ...PHOTO.header, width, height: 200 };
  return { ...PHOTO, width, height: 200, data: new Uint8Array(3 * width * 200), header };
};

const task = (...references: MatchableReference[]): VerificationTask => ({
  ranked: [
    { label: 3, votes: 2, best: 0.9 },
    { label: 1, votes: 1.9, best: 0.8 },
  ],
  references,
  preset: VERIFICATION,
});

describe('a photo', () => {
  it('is matched with the best view of each label first, in pixels of the files', async () => {
    const matcher = new CountingMatcher();
    const progress: Progress[] = [];
    const found = await verifyPhoto(
      matcher,
      PHOTO,
      task(reference(1, 4, 20), reference(3, 7, 0), reference(3, 2, 30)),
      decode,
      { onProgress: (each) => progress.push(each) },
    );
    expect(found.map(({ row, label, matches, inliers }) => [row, label, matches, inliers])).toEqual(
      [
        [2, 3, 30, 30],
        [4, 1, 20, 20],
        [7, 3, 0, 0],
      ],
    );
    expect(found.map(({ model }) => model === null)).toEqual([false, false, true]);
    expect(found[0]).toMatchObject({ size: { width: 1000, height: 500 } });
    expect([...found[0]!.points.subarray(5, 9)]).toEqual([34.5, 82.5, 77.25, 61.25]);
    expect(matcher.asked[0]!.photo.original).toEqual({ width: 800, height: 600 });
    expect(progress.map(({ stage, done, total }) => [stage, done, total])).toEqual([
      ['match', 1, 3],
      ['match', 2, 3],
      ['match', 3, 3],
    ]);
  });

  it('is matched with pictures as with views; one that cannot be read is passed over', async () => {
    const matcher = new CountingMatcher();
    const found = await verifyPhoto(
      matcher,
      PHOTO,
      task(picture(3, 9, 250), picture(3, 8, 'unreadable'), reference(1, 4, 20)),
      decode,
    );
    expect(found.map(({ row, inliers, picture: id }) => [row, inliers, id])).toEqual([
      [9, 25, `${9}`.padStart(32, '0')],
      [4, 20, null],
    ]);
    expect(found[0]!.size).toEqual({ width: 250, height: 200 });
    // Its features are kept for the next photo, those of the photo itself are not.
    expect(matcher.pictures).toEqual([`${9}`.padStart(32, '0')]);
    expect(matcher.forgotten).toEqual([matcher.asked[0]!.photo.id]);
  });

  it('is matched no further once nothing can change', async () => {
    const { saturation } = VERIFICATION;
    const references = [reference(3, 1, saturation), reference(1, 2, 90), reference(3, 3, 90)];
    const clear = { ...task(...references), ranked: [{ label: 3, votes: 9, best: 0.9 }] };
    expect(await verifyPhoto(new CountingMatcher(), PHOTO, clear, decode)).toHaveLength(1);
  });

  it('has a name of its own, which is forgotten whatever happens', async () => {
    const matcher = new CountingMatcher();
    const one = task(reference(3, 1, 12));
    await Promise.all([
      verifyPhoto(matcher, PHOTO, one, decode),
      verifyPhoto(matcher, PHOTO, one, decode),
    ]);
    const ids = matcher.asked.map(({ photo }) => photo.id);
    expect(new Set(ids).size).toBe(2);
    expect([...matcher.forgotten].sort()).toEqual([...ids].sort());
    matcher.matchView = () => Promise.reject(new Error('no more'));
    await expect(verifyPhoto(matcher, PHOTO, one, decode)).rejects.toThrow('no more');
    expect(matcher.forgotten).toHaveLength(3);
  });

  it('that is stopped by a message is matched no further, though nothing in it waits', async () => {
    const matcher = new CountingMatcher();
    const controller = new AbortController();
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      controller.abort();
      port1.close();
    };
    const matchView = matcher.matchView.bind(matcher);
    matcher.matchView = (photo, view) => {
      port2.postMessage('stop');
      return matchView(photo, view);
    };
    const references = [1, 2, 3, 4].map((row) => reference(row % 2 ? 3 : 1, row, 9));
    const { signal } = controller;
    await expect(
      verifyPhoto(matcher, PHOTO, task(...references), decode, { signal }),
    ).rejects.toThrow(expect.objectContaining({ code: 'aborted' }));
    expect(matcher.asked).toHaveLength(1);
    expect(matcher.forgotten).toEqual([matcher.asked[0]!.photo.id]);
  });
});

const UNDECIDED: DecisionModel = {
  version: 1,
  features: FEATURES,
  mean: FEATURES.map(() => 0),
  scale: FEATURES.map(() => 1),
  weights: [0, 1, 2].map(() => FEATURES.map(() => 0)),
  bias: [0, 0, 0],
  accept: 0.4,
};

describe('a recognition', () => {
  const rows = [row(0, 0.1, 0), row(1, 0.3, 80), row(2, 0.9), row(0, 0.2, 3), row(3, 1.5)];

  async function stagesWith(verifier: Partial<Verifier> = {}) {
    const index = await openIndex(rows, 4);
    const problems: unknown[] = [];
    const stages: Stages = {
      encoder: {
        open: () => Promise.reject(new Error('not asked for')),
        encode: async () => ({
          embedding: near(0),
          photo: { mime: 'image/jpeg', width: 800, height: 600, bytes: 1 },
          timings: { decode: 1, encode: 1 },
        }),
      },
      search: index,
      labels: headOf(4, DIM).labels.map((label) => ({ ...label, photos: 1 })),
      reranker: {
        bank: new NonLandmarkBank(Float32Array.of(0, 0, 1, 0, 0, 0, 0, 1), DIM),
        bankSha256: HEX('b'),
        trees: null,
        members: [DIM],
        decision: UNDECIDED,
      },
      preset: RERANK,
      backend: 'none',
      verifier: {
        preset: VERIFICATION,
        references: (embedding, labels) =>
          index.references(embedding, labels, VERIFICATION.viewsOfLabel),
        verify: (_, given, work) => verifyPhoto(new CountingMatcher(), PHOTO, given, decode, work),
        onProblem: (thrown) => problems.push(thrown),
        ...verifier,
      },
    };
    return { stages, problems };
  }
  const photo = new Uint8Array();

  it('names the label that details agree with, and says which were matched', async () => {
    const { stages, problems } = await stagesWith();
    const seen: string[] = [];
    const verdict = await recognize(photo, stages, {
      onProgress: ({ stage }) => {
        if (seen.at(-1) !== stage) seen.push(stage);
      },
    });
    expect(seen).toEqual(['search', 'rerank', 'match', 'decide']);
    expect(problems).toEqual([]);
    expect(verdict).toMatchObject({ kind: 'landmark', label: 'place_1' });
    // By key: places in the list change as collections come and go, and verdicts stay.
    const { nearest } = verdict.evidence;
    expect(nearest.length).toBeGreaterThan(0);
    expect(nearest.every(({ label }) => /^place_\d$/.test(label))).toBe(true);
    expect(verdict.candidates.slice(0, 2).map(({ label, inliers }) => [label, inliers])).toEqual([
      ['place_1', 80],
      ['place_0', expect.any(Number)],
    ]);
    expect(verdict.candidates.find(({ label }) => label === 'place_2')).toMatchObject({
      inliers: null,
    });
    expect(verdict.evidence.verification?.[1]).toMatchObject({ label: 'place_1', row: 1 });
    expect(Object.keys(verdict.timings)).toEqual([
      'decode',
      'encode',
      'search',
      'match',
      'decide',
      'total',
    ]);
  });

  it('whose verification fails answers as one without, and tells the verifier', async () => {
    const fault = new CairnError('worker-crashed', 'It broke down.', 'Try again.');
    const { stages, problems } = await stagesWith({ verify: () => Promise.reject(fault) });
    const { verifier, ...without } = stages;
    const verdict = await recognize(photo, stages);
    const plain = await recognize(photo, without);
    expect(problems).toEqual([fault]);
    expect(verdict.evidence.verification).toBeNull();
    expect(verdict.timings).not.toHaveProperty('match');
    expect({ ...verdict, timings: null }).toEqual({ ...plain, timings: null });
  });

  it('that is stopped while it is verified is stopped, and no problem', async () => {
    const controller = new AbortController();
    const { stages, problems } = await stagesWith({
      verify: async () => {
        controller.abort();
        throw new CairnError('worker-crashed', 'It was let go.', 'Start it again.');
      },
    });
    const stopped = recognize(photo, stages, { signal: controller.signal });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(problems).toEqual([]);
  });
});
