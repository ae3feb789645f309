// Languages: every text is there in both, says something, and numbers come out as people write them.
import { describe, expect, it } from 'vitest';
import { createFormat, plainCoordinates } from '../../src/app/i18n/format.ts';
import { chooseLanguage, otherLanguage } from '../../src/app/i18n/messages.ts';
import { MESSAGES } from './all-messages.ts';

/** Paths of all texts; a function of texts counts as one. */
function paths(node: unknown, at = ''): string[] {
  if (typeof node !== 'object' || node === null) return [at];
  return Object.entries(node).flatMap(([key, value]) => paths(value, `${at}/${key}`));
}

function leaves(node: unknown): unknown[] {
  return typeof node === 'object' && node !== null ? Object.values(node).flatMap(leaves) : [node];
}

describe('texts', () => {
  it('have the same keys in both languages', () => {
    expect(paths(MESSAGES.zh).sort()).toEqual(paths(MESSAGES.en).sort());
  });

  it('are never empty, and Chinese is Chinese', () => {
    for (const text of [...leaves(MESSAGES.en), ...leaves(MESSAGES.zh)]) {
      if (typeof text === 'string') expect(text.trim()).not.toBe('');
    }
    const plainZh = leaves(MESSAGES.zh).filter((text) => typeof text === 'string');
    const withHan = plainZh.filter((text) => /\p{Script=Han}/u.test(text));
    // The product's name and the switch to English are all that is not.
    expect(plainZh.filter((text) => !withHan.includes(text))).toEqual([
      'Cairn',
      'Switch to English',
      'English',
    ]);
  });

  it('say what happened and what to do for every error', () => {
    for (const { errors } of Object.values(MESSAGES)) {
      for (const { what, remedy } of Object.values(errors)) expect(what).not.toBe(remedy);
    }
  });

  it('count in the right number', () => {
    expect(MESSAGES.en.landmarks.found(1, '1')).toBe('1 landmark');
    expect(MESSAGES.en.landmarks.foundOf(0, '0', '200')).toBe('0 of 200 landmarks match');
    expect(MESSAGES.en.landmarks.foundOf(1, '1', '200')).toBe('1 of 200 landmark matches');
    expect(MESSAGES.zh.landmarks.found(1, '1')).toBe('共 1 处地标');
  });
});

describe('the language to start in', () => {
  it('is the one kept, else the first preferred that we have, else English', () => {
    expect(chooseLanguage('en', ['zh-CN'])).toBe('en');
    expect(chooseLanguage(null, ['fr-FR', 'zh-TW', 'en'])).toBe('zh');
    expect(chooseLanguage('klingon', ['ZH'])).toBe('zh');
    expect(chooseLanguage(null, ['fr', 'de'])).toBe('en');
    expect(chooseLanguage(null, [])).toBe('en');
    expect(otherLanguage(otherLanguage('zh'))).toBe('zh');
  });
});

describe('formats', () => {
  const en = createFormat('en');
  const zh = createFormat('zh');

  it('show shares without false certainty', () => {
    expect(en.percent(0.964)).toBe('96%');
    expect(en.percent(0.999)).toBe('99%');
    expect(en.percent(1)).toBe('100%');
    expect(en.percent(0.0004)).toBe('1%');
    expect(en.percent(0)).toBe('0%');
    expect(en.percent(1.2)).toBe('100%');
  });

  it('show bytes in the unit that fits', () => {
    expect(en.bytes(0)).toBe('0 byte');
    expect(en.bytes(999_499)).toBe('999 kB');
    expect(en.bytes(999_500)).toBe('1.0 MB');
    expect(en.bytes(9_612_000)).toBe('9.6 MB');
    expect(en.bytes(12e9)).toBe('12.0 GB');
    expect(zh.bytes(9_612_000)).toContain('MB');
    expect(en.bytesOf(3_214_000, 9_612_000)).toBe('3.2 / 9.6 MB');
    expect(en.bytesOf(12, 340_000)).toBe('0 / 340 kB');
  });

  it('show durations in milliseconds, then seconds', () => {
    expect(en.duration(182.4)).toBe('182 ms');
    expect(en.duration(1530)).toBe('1.5 sec');
    expect(zh.duration(1530)).toBe('1.5秒');
  });

  it('show scores with a real minus sign', () => {
    expect(en.score(-0.126)).toBe('−0.13');
    expect(en.signed(1.4)).toBe('+1.40');
    expect(en.signed(-0.61)).toBe('−0.61');
    expect(en.fine(0.99987)).toBe('0.9999');
  });

  it('name countries, and give back what is no country', () => {
    expect(en.country('FR')).toBe('France');
    expect(zh.country('FR')).toBe('法国');
    expect(en.country('nonsense')).toBe('nonsense');
  });

  it('show places with hemispheres, and plainly for copying', () => {
    expect(en.coordinates(48.85837, 2.29448)).toBe('48.858° N, 2.294° E');
    expect(en.coordinates(-13.16306, -72.54512)).toBe('13.163° S, 72.545° W');
    expect(zh.coordinates(-13.16306, -72.54512)).toBe('南纬 13.163°，西经 72.545°');
    expect(plainCoordinates(-13.16306, -72.5)).toBe('-13.16306, -72.50000');
  });
});
