// The list of landmarks: found in both languages and by country, blind to accents, in three orders.
import { describe, expect, it } from 'vitest';
import { createFormat } from '../../src/app/i18n/format.ts';
import {
  filterLandmarks,
  fold,
  listLandmarks,
  sortLandmarks,
} from '../../src/app/landmarks/filter.ts';
import type { CollectionLabel } from '../../src/retrieval/labels.ts';

const formats = { en: createFormat('en'), zh: createFormat('zh') };

function landmark(
  label: string,
  en: string,
  zh: string,
  country: string | null,
  photos: number,
): CollectionLabel {
  return { label, title: { en, zh }, country, photos, lat: null, lon: null, wikidata: null };
}

const labels = [
  landmark('sacre_coeur', 'Sacré-Cœur', '圣心大教堂', 'FR', 12),
  landmark('great_wall', 'Great Wall of China', '长城', 'CN', 40),
  landmark('st_pauls', "St Paul's Cathedral", '圣保罗大教堂', 'GB', 40),
  landmark('wroclaw_hall', 'Wrocław Centennial Hall', '百年厅', 'PL', 5),
  landmark('nowhere', 'Nowhere', '', null, 3),
];
const english = listLandmarks(labels, 'en', formats);
const find = (query: string, list = english) =>
  filterLandmarks(list, query).map(({ facts }) => facts.label);

describe('searching landmarks', () => {
  it('folds case, accents, ligatures and punctuation away', () => {
    expect(fold('  Sacré-Cœur ')).toBe('sacre coeur');
    expect(fold('Wrocław')).toBe('wroclaw');
    expect(fold('St Paul’s')).toBe(fold("st paul's"));
    expect(fold('Ｆｕｌｌ　ｗｉｄｔｈ')).toBe('full width');
    expect(fold('長城！')).toBe('長城');
  });

  it('finds by name in either language, whichever is shown', () => {
    expect(find('sacre coeur')).toEqual(['sacre_coeur']);
    expect(find('长城')).toEqual(['great_wall']);
    expect(find('st pauls')).toEqual(['st_pauls']);
    expect(find('WROCLAW', listLandmarks(labels, 'zh', formats))).toEqual(['wroclaw_hall']);
  });

  it('finds by country in either language, and by several words in any order', () => {
    expect(find('france')).toEqual(['sacre_coeur']);
    expect(find('法国')).toEqual(['sacre_coeur']);
    expect(find('kingdom cathedral')).toEqual(['st_pauls']);
    expect(find('教堂 英国')).toEqual(['st_pauls']);
    expect(find('cathedral france')).toEqual([]);
  });

  it('keeps all for an empty query or one of punctuation', () => {
    expect(filterLandmarks(english, ' ')).toBe(english);
    expect(filterLandmarks(english, '—')).toBe(english);
  });
});

describe('listing landmarks', () => {
  it('shows the name of the page’s language with the other beside it, and falls back', () => {
    const chinese = listLandmarks(labels, 'zh', formats);
    expect(chinese[1]).toMatchObject({
      title: '长城',
      other: 'Great Wall of China',
      country: '中国',
    });
    expect(chinese[4]).toMatchObject({ title: 'Nowhere', other: null, country: null });
    expect(english[4]).toMatchObject({ title: 'Nowhere', other: null });
  });

  it('orders by name, by country with unknown ones last, and by photos', () => {
    const order = (sort: 'name' | 'country' | 'photos') =>
      sortLandmarks(english, sort, formats.en.compare).map(({ facts }) => facts.label);
    expect(order('name')).toEqual([
      'great_wall',
      'nowhere',
      'sacre_coeur',
      'st_pauls',
      'wroclaw_hall',
    ]);
    expect(order('country')).toEqual([
      'great_wall',
      'sacre_coeur',
      'wroclaw_hall',
      'st_pauls',
      'nowhere',
    ]);
    expect(order('photos')).toEqual([
      'great_wall',
      'st_pauls',
      'sacre_coeur',
      'wroclaw_hall',
      'nowhere',
    ]);
  });
});
