// What the page says of a verdict: words of confidence, names, text and JSON to take away.
import { describe, expect, it } from 'vitest';
import { createFormat } from '../../src/app/i18n/format.ts';
import type { Language } from '../../src/app/i18n/messages.ts';
import {
  confidenceStones,
  confidenceWord,
  shownConfidence,
} from '../../src/app/recognize/confidence.ts';
import {
  featureName,
  labelMap,
  landmarkName,
  readable,
  stageName,
  timingName,
} from '../../src/app/recognize/names.ts';
import { headline, resultJson, resultText, spoken } from '../../src/app/recognize/result-text.ts';
import { MESSAGES } from './all-messages.ts';
import { verdictOf } from './app-verdict.ts';

const labels = labelMap([
  {
    label: 'eiffel_tower',
    title: { en: 'Eiffel Tower', zh: '埃菲尔铁塔' },
    country: 'FR',
    lat: 48.85837,
    lon: 2.29448,
    wikidata: 'Q243',
    photos: 30,
  },
]);
const wording = (language: Language) => ({
  language,
  messages: MESSAGES[language],
  format: createFormat(language),
  labels,
});
const tower = verdictOf({
  label: 'eiffel_tower',
  confidence: 0.96,
  candidates: [
    { label: 'eiffel_tower', similarity: 0.83, votes: 3, inliers: null },
    { label: 'tokyo_tower', similarity: 0.61, votes: 1, inliers: null },
  ],
});

describe('confidence', () => {
  it('has words with bounds, and a stone more for each', () => {
    expect([1, 0.9, 0.89, 0.7, 0.69, 0.4, 0.39, 0, Number.NaN].map(confidenceWord)).toEqual([
      'certain',
      'certain',
      'likely',
      'likely',
      'possible',
      'possible',
      'doubtful',
      'doubtful',
      'doubtful',
    ]);
    expect((['certain', 'likely', 'possible', 'doubtful'] as const).map(confidenceStones)).toEqual([
      4, 3, 2, 1,
    ]);
  });

  it('of a refusal is the probability of that refusal, not of the best label', () => {
    const kindProbabilities = { landmark: 0.04, unlisted: 0.06, 'not-landmark': 0.9 };
    const refusal = verdictOf({ kind: 'not-landmark', confidence: 0.04, kindProbabilities });
    expect(shownConfidence(refusal)).toBe(0.9);
    expect(shownConfidence(tower)).toBe(0.96);
  });
});

describe('names', () => {
  it('come in the page’s language with the other beside', () => {
    expect(landmarkName(labels, 'eiffel_tower', 'zh')).toMatchObject({
      title: '埃菲尔铁塔',
      other: 'Eiffel Tower',
    });
    expect(landmarkName(labels, 'tokyo_tower', 'zh')).toEqual({
      title: 'Tokyo tower',
      other: null,
      facts: null,
    });
  });

  it('are readable even for what the page has never heard of', () => {
    expect(stageName(MESSAGES.en, '+vote')).toBe('After voting');
    expect(stageName(MESSAGES.en, '+loftr')).toBe('After comparing details');
    expect(stageName(MESSAGES.en, '+lightgbm')).toBe('After weighing everything');
    expect(stageName(MESSAGES.en, '+bagging')).toBe('Bagging');
    expect(featureName(MESSAGES.en, 'voteShare')).toBe('Share of the votes');
    expect(featureName(MESSAGES.en, 'edgeStrength')).toBe('Edge strength');
    expect(timingName(MESSAGES.zh, 'decode')).toBe('读取照片');
    expect(timingName(MESSAGES.en, 'resize')).toBe('Resize');
    expect(featureName(MESSAGES.en, 'toString')).toBe('To string');
    expect(readable('aix_palais_de_justice')).toBe('Aix palais de justice');
  });
});

describe('a result to take away', () => {
  it('is a few lines of text', () => {
    expect(resultText('IMG_1.jpg', tower, wording('en'))).toBe(
      [
        'IMG_1.jpg',
        'Eiffel Tower (Very sure, 96%)',
        '埃菲尔铁塔 · France',
        '48.858° N, 2.294° E',
        '',
        'Candidates',
        '- Eiffel Tower 0.83',
        '- Tokyo tower 0.61',
      ].join('\n'),
    );
  });

  it('speaks plainly when it does not know, in both languages', () => {
    const refusal = verdictOf({
      kind: 'unlisted',
      kindProbabilities: { landmark: 0.1, unlisted: 0.75, 'not-landmark': 0.15 },
    });
    expect(spoken(refusal, wording('en'))).toBe(
      'Looks like a landmark, but not one in this collection (Fairly sure, 75%)',
    );
    expect(spoken(refusal, wording('zh'))).toBe('像是地标，但不在这个地标库里（比较确定，75%）');
    expect(headline(verdictOf({ kind: 'not-landmark' }), wording('en'))).toBe(
      'No landmark recognized',
    );
  });

  it('is JSON with the fields of the recognize command, in its order', () => {
    const parsed: unknown = JSON.parse(resultJson('IMG_1.jpg', tower));
    expect(Object.keys(parsed as object)).toEqual([
      'photo',
      'kind',
      'label',
      'confidence',
      'candidates',
      'kindProbabilities',
      'timings',
      'backend',
    ]);
    expect(parsed).toMatchObject({ photo: 'IMG_1.jpg', label: 'eiffel_tower', confidence: 0.96 });
  });
});
