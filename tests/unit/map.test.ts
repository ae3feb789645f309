// The map's parts: distances, what is marked, how the globe is laid flat anywhere on it, and the atlas itself.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFormat } from '../../src/app/i18n/format.ts';
import { type AtlasFile, alphaCode, pieceAt, readAtlas } from '../../src/app/map/atlas.ts';
import { distanceText } from '../../src/app/map/distance-text.ts';
import { drawMap, placeOnMap } from '../../src/app/map/drawing.ts';
import { distanceMetres, type Position, positionOf } from '../../src/app/map/geo.ts';
import { type MapContent, type Mark, mapContent } from '../../src/app/map/marks.ts';
import {
  countryReach,
  firstStep,
  projectionOf,
  STEPS,
  spotOf,
} from '../../src/app/map/projections.ts';
import { Sketch } from '../../src/app/map/sketch.ts';
import { labelMap } from '../../src/app/recognize/names.ts';
import type { Verdict } from '../../src/verdict.ts';

const PARIS = { lat: 48.858, lon: 2.294 };
const FRAME = { width: 600, height: 336 };
const position = fc.record({
  lat: fc.double({ min: -90, max: 90, noNaN: true }),
  lon: fc.double({ min: -180, max: 180, noNaN: true }),
});

const { resolve } = createRequire(import.meta.url);
const atlas = readAtlas(
  JSON.parse(readFileSync(resolve('world-atlas/countries-50m.json'), 'utf8')) as AtlasFile,
);

describe('distances', () => {
  it('are those along great circles', () => {
    expect(distanceMetres(PARIS, { lat: 51.5007, lon: -0.1246 }) / 1000).toBeCloseTo(341, 0);
    // Fiji to Samoa, over the antimeridian; and from pole to pole.
    expect(distanceMetres({ lat: 0, lon: 179.5 }, { lat: 0, lon: -179.5 }) / 1000).toBeCloseTo(
      111.2,
      1,
    );
    expect(distanceMetres({ lat: 90, lon: 0 }, { lat: -90, lon: 77 }) / 1000).toBeCloseTo(20015, 0);
    expect(distanceMetres({ lat: 90, lon: 0 }, { lat: 90, lon: 120 })).toBeCloseTo(0, 3);
  });

  it('are the same both ways, and never more than half round the Earth', () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        const metres = distanceMetres(a, b);
        expect(metres).toBeGreaterThanOrEqual(0);
        expect(metres).toBeLessThanOrEqual(20_015_200);
        expect(distanceMetres(b, a)).toBeCloseTo(metres, 3);
      }),
    );
  });

  it('read as people say them', () => {
    expect(distanceText(0, 'en')).toBe('0 m');
    expect(distanceText(43, 'en')).toBe('40 m');
    expect(distanceText(996, 'en')).toBe('1 km');
    expect(distanceText(2_340, 'en')).toBe('2.3 km');
    expect(distanceText(341_200, 'en')).toBe('341 km');
    expect(distanceText(5_570_400, 'en')).toBe('5,570 km');
    expect(distanceText(2_340, 'zh')).toBe('2.3公里');
  });
});

it('what is no place on the globe is none', () => {
  expect(positionOf(48.8, 2.3)).toEqual({ lat: 48.8, lon: 2.3 });
  expect(positionOf(null, 2.3)).toBeNull();
  expect(positionOf(91, 2.3)).toBeNull();
  expect(positionOf(0, -181)).toBeNull();
  expect(positionOf(Number.NaN, 0)).toBeNull();
});

describe('what is on the map', () => {
  const facts = (label: string, lat: number | null, lon: number | null) => ({
    label,
    title: { en: label, zh: label },
    country: 'FR',
    lat,
    lon,
    wikidata: null,
  });
  const labels = labelMap([
    facts('tower', PARIS.lat, PARIS.lon),
    facts('arch', 48.874, 2.295),
    facts('nowhere', null, null),
  ]);
  const verdict = (label: string | null): Verdict =>
    ({
      kind: label ? 'landmark' : 'unlisted',
      label,
      candidates: ['tower', 'nowhere', 'arch'].map((one) => ({ label: one })),
    }) as unknown as Verdict; // nothing else of it is looked at
  const kinds = (content: MapContent | null) =>
    content?.marks.map(({ kind, key }) => `${kind} ${key}`) ?? null;

  it('is the landmark, the photo, and runners-up that have a place', () => {
    const content = mapContent(verdict('tower'), labels, 'en', { lat: 48.86, lon: 2.3 });
    expect(kinds(content)).toEqual(['landmark landmark', 'photo photo', 'runner-up arch']);
    expect(content?.country).toBe('FR');
    expect(content?.marks.map(({ metres }) => metres && Math.round(metres / 100))).toEqual([
      null,
      5,
      18,
    ]);
  });

  it('is never a guess where no landmark was named', () => {
    expect(mapContent(verdict(null), labels, 'en', null)).toBeNull();
    expect(kinds(mapContent(verdict(null), labels, 'en', PARIS))).toEqual(['photo photo']);
    expect(mapContent(verdict('nowhere'), labels, 'en', null)).toBeNull();
    expect(mapContent(verdict('unknown'), labels, 'en', null)).toBeNull();
  });
});

describe('projections', () => {
  it('have any place of the globe in the middle, and what is within reach in the frame', () => {
    fc.assert(
      fc.property(
        position,
        fc.constantFrom(180_000, 900_000, 2_400_000),
        fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
        (centre, reach, bearing) => {
          const projection = projectionOf(centre, reach, FRAME);
          const middle = spotOf(projection, centre, FRAME);
          expect(middle?.[0]).toBeCloseTo(FRAME.width / 2, 3);
          expect(middle?.[1]).toBeCloseTo(FRAME.height / 2, 3);
          const there = travel(centre, bearing, 0.98 * reach);
          const spot = spotOf(projection, there, FRAME);
          expect(spot).not.toBeNull();
          const [x = 0, y = 0] = spot ?? [];
          const pixels = Math.hypot(x - FRAME.width / 2, y - FRAME.height / 2);
          // Azimuthal: as far in every direction, over poles and the antimeridian.
          expect(pixels / (FRAME.height / 2)).toBeGreaterThan(0.97);
          expect(pixels / (FRAME.height / 2)).toBeLessThan(1);
        },
      ),
    );
  });

  it('of the world show every place', () => {
    const projection = projectionOf(PARIS, null, FRAME);
    fc.assert(
      fc.property(position, (place) => {
        expect(spotOf(projection, place, FRAME)).not.toBeNull();
      }),
    );
  });

  it('leave out what lies behind or beside', () => {
    const projection = projectionOf(PARIS, 500_000, FRAME);
    expect(spotOf(projection, { lat: -48.858, lon: -177.7 }, FRAME)).toBeNull();
    expect(spotOf(projection, { lat: 60, lon: 2 }, FRAME)).toBeNull();
  });

  it('begin where the photo can be seen too', () => {
    const north = (metres: number): Position => ({ lat: metres / 111_195, lon: 0 });
    expect(firstStep(north(0), null, 500_000)).toBe('continent');
    expect(firstStep(north(0), north(2_000), 500_000)).toBe('country');
    expect(firstStep(north(0), north(600_000), 500_000)).toBe('continent');
    expect(firstStep(north(0), north(4_000_000), 500_000)).toBe('world');
  });

  it('show of a country what fits, and of a small one its surroundings', () => {
    expect(countryReach(PARIS, [])).toBe(500_000);
    expect(countryReach(PARIS, [PARIS])).toBe(180_000);
    expect(countryReach(PARIS, [{ lat: 43.3, lon: 5.4 }])).toBeCloseTo(1.08 * 660_000, -5);
    expect(countryReach(PARIS, [{ lat: 0, lon: 0 }])).toBe(900_000);
  });
});

describe('the atlas', () => {
  it('knows countries by the letters that names are made from', () => {
    expect(alphaCode('250')).toBe('FR');
    expect(alphaCode(36)).toBe('AU');
    expect(alphaCode(undefined)).toBeNull();
    expect(alphaCode('999')).not.toBe('FR');
    const { country } = createFormat('en');
    const names = new Set(atlas.pieces.flatMap((piece) => piece.country ?? []));
    expect(names.size).toBeGreaterThan(230);
    for (const code of names) expect(country(code)).not.toBe(code);
  });

  it('finds the land of a place, of small states, and beyond a rough coast', () => {
    const found = (lat: number, lon: number, country: string | null = null) =>
      pieceAt(atlas, { lat, lon }, country)?.country ?? null;
    expect(found(PARIS.lat, PARIS.lon)).toBe('FR');
    expect(found(1.2868, 103.8545, 'SG')).toBe('SG');
    expect(found(43.7397, 7.4273, 'MC')).toBe('MC');
    expect(found(-33.8568, 151.2153, 'AU')).toBe('AU');
    expect(found(-17.8, 178)).toBe('FJ');
    // Between two islands as the atlas draws them.
    expect(found(-18.14, 178.44, 'FJ')).toBe('FJ');
    expect(found(-80, 0)).toBe('AQ');
    expect(found(0, -30)).toBeNull();
  });

  it.each([
    ['Paris', PARIS, 'FR'],
    ['Fiji, at the antimeridian', { lat: -16.8, lon: 179.97 }, 'FJ'],
    ['Chukotka, beyond it', { lat: 66.3, lon: -171 }, 'RU'],
    ['the South Pole', { lat: -90, lon: 0 }, 'AQ'],
    ['Svalbard', { lat: 78.2, lon: 15.6 }, 'SJ'],
    ['the open sea', { lat: 0, lon: -30 }, null],
  ])('draws %s at every step', (_name, place, country) => {
    const marks: [Mark] = [
      { kind: 'landmark', key: 'landmark', title: 'A', position: place, metres: null },
    ];
    const there = placeOnMap(atlas, { marks, country });
    for (const step of STEPS) {
      const drawing = drawMap(atlas, there, marks, step, FRAME, createFormat('en').country);
      expect(drawing.spots).toHaveLength(1);
      if (country) expect(drawing.country).not.toBe('');
      // Without the thinning it would be megabytes.
      expect(drawing.land.length).toBeLessThan(250_000);
      expect(`${drawing.land}${drawing.country}`).not.toMatch(/NaN|Infinity/);
      for (const { x, y } of drawing.names) {
        expect(x).toBeGreaterThan(0);
        expect(x).toBeLessThan(FRAME.width);
        expect(y).toBeLessThan(FRAME.height);
      }
    }
  });

  it('names the neighbours in the language asked for, none over another', () => {
    const marks: [Mark] = [
      { kind: 'landmark', key: 'landmark', title: 'A', position: PARIS, metres: null },
    ];
    const there = placeOnMap(atlas, { marks, country: 'FR' });
    const names = (language: 'en' | 'zh') =>
      drawMap(atlas, there, marks, 'continent', FRAME, createFormat(language).country).names.map(
        ({ name }) => name,
      );
    expect(names('en')).toEqual(expect.arrayContaining(['France', 'Spain', 'Germany']));
    expect(names('zh')).toEqual(expect.arrayContaining(['法国', '西班牙', '德国']));
    expect(new Set(names('en')).size).toBe(names('en').length);
  });
});

describe('a sketch', () => {
  it('drops points that no screen shows, and areas without any', () => {
    const sketch = new Sketch();
    sketch.moveTo(0, 0);
    for (let x = 0; x <= 10; x += 0.1) sketch.lineTo(x, 0);
    sketch.lineTo(10, 10);
    sketch.closePath();
    sketch.moveTo(50, 50);
    sketch.lineTo(50.1, 50);
    sketch.lineTo(50.1, 50.1);
    sketch.closePath();
    const text = sketch.text();
    expect(text.match(/M/g)).toHaveLength(1);
    expect(text.match(/L/g)?.length).toBeLessThan(20);
    expect(text.endsWith('L10 10Z')).toBe(true);
  });
});

/** Where a great circle from a place leads. @param bearing radians from north */
function travel({ lat, lon }: Position, bearing: number, metres: number): Position {
  const [phi, angle] = [(lat * Math.PI) / 180, metres / 6_371_008.8];
  const up = Math.asin(
    Math.max(
      -1,
      Math.min(
        1,
        Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(bearing),
      ),
    ),
  );
  const along = Math.atan2(
    Math.sin(bearing) * Math.sin(angle) * Math.cos(phi),
    Math.cos(angle) - Math.sin(phi) * Math.sin(up),
  );
  const east = lon + (along * 180) / Math.PI;
  return { lat: (up * 180) / Math.PI, lon: ((((east + 180) % 360) + 360) % 360) - 180 };
}
