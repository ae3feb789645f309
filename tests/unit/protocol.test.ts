// The validation protocol keeps what chooses apart from what is learned from and from what is reported.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ManifestRow, parseManifest } from '../../src/evaluation/manifest.ts';
import {
  drawValidationSplit,
  PROTOCOL,
  roleOf,
  type ValidationSplit,
} from '../../src/evaluation/protocol.ts';

const row = (fields: Partial<ManifestRow>): ManifestRow => ({
  path: 'x.jpg',
  label: '',
  split: '',
  kind: '',
  source: '',
  licence: '',
  ...fields,
});

const manifest: ManifestRow[] = [
  ...Array.from({ length: 40 * 4 }, (_, i) =>
    row({
      path: `e${i}.jpg`,
      label: `extra${i % 40}`,
      split: 'train_extra',
      kind: 'landmark_extra',
    }),
  ),
  ...Array.from({ length: 100 }, (_, i) =>
    row({ path: `d${i}.jpg`, split: 'distractor', kind: 'nonlandmark_food', source: `s${i % 9}` }),
  ),
  row({ path: 't.jpg', label: 'seen', split: 'train', kind: 'landmark_seen' }),
  row({ path: 'i.jpg', label: 'seen', split: 'index', kind: 'landmark_seen' }),
  row({ path: 'u.jpg', label: 'unseen', split: 'index', kind: 'landmark_unseen' }),
  row({ path: 'q.jpg', label: 'seen', split: 'query', kind: 'landmark_seen' }),
];

describe('drawValidationSplit', () => {
  const split = drawValidationSplit(manifest);

  it('does not depend on the order of lines', () => {
    expect(drawValidationSplit([...manifest].reverse())).toEqual(split);
  });

  it('holds out the promised numbers of landmarks, disjoint', () => {
    const fresh = Object.keys(split.newLandmarks);
    expect(fresh).toHaveLength(PROTOCOL.newLandmarks);
    expect(split.unlistedLandmarks).toHaveLength(PROTOCOL.unlistedLandmarks);
    expect(new Set([...fresh, ...split.unlistedLandmarks]).size).toBe(24);
    for (const gallery of Object.values(split.newLandmarks)) expect(gallery).toHaveLength(2);
  });

  it('gives every role to the right photos and none to queries and unseen landmarks', () => {
    const role = (path: string) => roleOf(manifest.find((r) => r.path === path)!, split);
    expect(role('t.jpg')).toBe('train');
    expect(role('i.jpg')).toBe('known');
    expect(role('u.jpg')).toBe('none');
    expect(role('q.jpg')).toBe('none');
    const fresh = manifest
      .filter((r) => r.label in split.newLandmarks)
      .map((r) => roleOf(r, split));
    expect(fresh.filter((r) => r === 'gallery-new')).toHaveLength(24);
    expect(fresh.filter((r) => r === 'new')).toHaveLength(24);
  });

  it('keeps each source of negatives whole', () => {
    const parts = new Map<string, Set<string>>();
    for (const r of manifest.filter((m) => m.split === 'distractor')) {
      parts.set(r.source, (parts.get(r.source) ?? new Set()).add(roleOf(r, split)));
    }
    for (const roles of parts.values()) expect(roles.size).toBe(1);
    expect(new Set([...parts.values()].flatMap((s) => [...s])).size).toBe(3);
  });
});

describe('parseManifest', () => {
  it('reads quoted fields and missing columns', () => {
    const rows = parseManifest('path,label,licence\n"a,b.jpg",x,"none, stated"\n');
    expect(rows).toEqual([row({ path: 'a,b.jpg', label: 'x', licence: 'none, stated' })]);
  });

  it.each([
    ['no rows', 'path,label\n'],
    ['no label column', 'path\na.jpg\n'],
    ['a path that leaves', 'path,label\n../a.jpg,x\n'],
    ['an absolute path', 'path,label\n/a.jpg,x\n'],
    ['a drive letter', 'path,label\nC:\\a.jpg,x\n'],
    ['the folder itself', 'path,label\n.,x\n'],
    ['the folder itself in other words', 'path,label\n.//./,x\n'],
    ['backslashes', 'path,label\na\\..\\..\\b,x\n'],
    ['a path of any length', `path,label\n../${'x'.repeat(50_000)},x\n`],
    ['a broken quote', 'path,label\n"a.jpg,x\n'],
    ['a broken line of any length', `path,label\n"a"${'x'.repeat(50_000)},x\n`],
  ])('refuses %s, briefly', (_, text) => {
    expect(() => parseManifest(text)).toThrowError(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/^.{1,300}$/s) }),
    );
  });
});

const data = new URL('../../../shared/data/manifest.csv', import.meta.url);
const committed = new URL('../../models/validation-split.json', import.meta.url);
if (!existsSync(data))
  console.log('skipped: ../shared/data is absent, the committed split is not redrawn');

describe.skipIf(!existsSync(data))('the committed split', () => {
  it('is what the command draws, and never touches the query split', () => {
    const rows = parseManifest(readFileSync(data, 'utf8'));
    const split: ValidationSplit = JSON.parse(readFileSync(committed, 'utf8'));
    expect(split).toEqual(drawValidationSplit(rows));
    for (const r of rows.filter((q) => q.split === 'query')) expect(roleOf(r, split)).toBe('none');
  });
});
