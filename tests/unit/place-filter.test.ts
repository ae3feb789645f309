// Searches narrowed to a place: which landmarks lie there, and that no other is found by any engine.
import { describe, expect, it } from 'vitest';
import { readPlaceFilter } from '../../src/cli/flags.ts';
import { IndexService } from '../../src/retrieval/index-service.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { distanceKm, isWithin, labelsWithin } from '../../src/retrieval/place-filter.ts';
import { filesOf, headOf, loadFiles, randomUnits, rowsOf } from './retrieval-fixtures.ts';

const PARIS = { lat: 48.8566, lon: 2.3522 };
const LONDON = { lat: 51.5074, lon: -0.1278 };
const place = (country: string | null, lat: number | null, lon: number | null) => ({
  country,
  lat,
  lon,
});

describe('distance on the globe', () => {
  it('is that of known pairs', () => {
    // 343.6 km by the haversine formula with the mean radius.
    expect(distanceKm(PARIS, LONDON)).toBeCloseTo(343.56, 1);
    expect(distanceKm(PARIS, PARIS)).toBe(0);
    expect(distanceKm({ lat: 90, lon: 0 }, { lat: -90, lon: 77 })).toBeCloseTo(20015.1, 1);
    // Across the date line: half a degree apart at the equator, not 359.5.
    expect(distanceKm({ lat: 0, lon: 179.75 }, { lat: 0, lon: -179.75 })).toBeCloseTo(55.6, 1);
  });
});

describe('a place filter', () => {
  it('lets through what is known to lie there', () => {
    const near = { ...PARIS, km: 50 };
    expect(isWithin(place('FR', 48.85, 2.29), { countries: ['FR'], near })).toBe(true);
    expect(isWithin(place('FR', 43.3, 5.4), { near })).toBe(false);
    expect(isWithin(place('FR', 43.3, 5.4), { countries: ['BE', 'FR'] })).toBe(true);
    expect(isWithin(place(null, 48.85, 2.29), { countries: ['FR'] })).toBe(false);
    expect(isWithin(place('FR', null, null), { near })).toBe(false);
    expect(isWithin(place(null, null, null), {})).toBe(true);
  });

  it.each([
    { countries: [] },
    { countries: ['fr'] },
    { near: { lat: 91, lon: 0, km: 1 } },
    { near: { lat: 0, lon: 0, km: 0 } },
    { near: { lat: Number.NaN, lon: 0, km: 1 } },
  ])('is refused: %j', (filter) => {
    expect(() => labelsWithin([], filter)).toThrowError(expect.objectContaining({ code: 'usage' }));
  });

  it.each(['exact', 'hnsw'] as const)('narrows a search by %s', async (engine) => {
    const rows = rowsOf(400, 6, 24, 4); // odd labels lie in France
    const index = new IndexService({ store: new MemoryStore() });
    const loaded = await loadFiles(await filesOf(headOf(6, 24), rows, { maxShardBytes: 8192 }));
    await index.open({ kind: 'loaded', loaded });
    await index.ready();
    const query = randomUnits(1, 24, 9);
    const where = { countries: ['FR'] };
    const { neighbours } = await index.search(query, { k: 50, engine, where });
    expect(neighbours).toHaveLength(50);
    expect(neighbours.every(({ label }) => label % 2 === 1)).toBe(true);
    const all = await index.search(query, { k: 400, engine: 'exact' });
    const wanted = all.neighbours.filter(({ label }) => label % 2 === 1).slice(0, 50);
    const found = new Set(neighbours.map(({ row }) => row));
    const hits = wanted.filter(({ row }) => found.has(row)).length;
    expect(hits).toBeGreaterThanOrEqual(engine === 'exact' ? 50 : 47);
    // Nothing there: nothing found, and no error.
    const none = await index.search(query, { k: 5, engine, where: { countries: ['JP'] } });
    expect(none.neighbours).toEqual([]);
    index.close();
  });
});

describe('--country and --near', () => {
  it('are read', () => {
    expect(readPlaceFilter({})).toBeUndefined();
    expect(readPlaceFilter({ country: 'fr, be', near: '48.9,2.3,20' })).toEqual({
      countries: ['FR', 'BE'],
      near: { lat: 48.9, lon: 2.3, km: 20 },
    });
  });

  it.each([
    { country: 'France' },
    { near: '48.9,2.3' },
    { near: '48.9,2.3,20,1' },
    { near: 'Paris' },
    { near: '99,0,1' },
  ])('are refused: %j', (options) => {
    expect(() => readPlaceFilter(options)).toThrowError(expect.objectContaining({ code: 'usage' }));
  });
});
