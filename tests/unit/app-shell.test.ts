// The frame's plain logic: places by address, themes in turn, a voice that does not chatter, diagnostics.
import { describe, expect, it } from 'vitest';
import { diagnosticsRows, diagnosticsText } from '../../src/app/about/diagnostics-rows.ts';
import { createFormat } from '../../src/app/i18n/format.ts';
import { carriesFiles, photosFromFiles, photosFromPaste } from '../../src/app/recognize/intake.ts';
import { createAnnouncer } from '../../src/app/shell/announcer.ts';
import {
  LANDMARKS_HREF,
  PLACES,
  parseRoute,
  placeHref,
  shareHref,
} from '../../src/app/shell/router.ts';
import { chooseTheme, themeAfter } from '../../src/app/shell/settings.ts';
import { MESSAGES } from './all-messages.ts';

describe('places', () => {
  it('are found again by their own links', () => {
    for (const place of PLACES) expect(parseRoute(placeHref(place)).place).toBe(place);
  });

  it('fall back to Recognize', () => {
    for (const hash of ['', '#', '#/', '#main', '#/nowhere']) {
      expect(parseRoute(hash).place).toBe('recognize');
    }
  });

  it('have the list of landmarks as a part of Collections', () => {
    expect(parseRoute(LANDMARKS_HREF)).toMatchObject({ place: 'collections', landmarks: true });
    expect(parseRoute('#/landmarks?q=tower').query.get('q')).toBe('tower');
    expect(parseRoute('#/collections').landmarks).toBe(false);
  });

  it('offer a collection by a link', () => {
    const url = 'https://a.example/towns & villages/collection.json?v=2#x';
    const link = shareHref('https://b.example/cairn/#/about', url);
    expect(link).toMatch(/^https:\/\/b\.example\/cairn\/#\/collections\?add=/);
    const route = parseRoute(new URL(link).hash);
    expect(route.place).toBe('collections');
    expect(route.query.get('add')).toBe(url);
  });
});

describe('colours', () => {
  it('go round, and an odd kept value means automatic', () => {
    expect(themeAfter(themeAfter(themeAfter('auto')))).toBe('auto');
    expect(chooseTheme('dark')).toBe('dark');
    expect(chooseTheme('purple')).toBe('auto');
    expect(chooseTheme(null)).toBe('auto');
  });
});

describe('the voice', () => {
  it('always says what happened, and murmurs sparsely', () => {
    let now = 0;
    const voice = createAnnouncer(() => now);
    const heard = () => voice.lines.value.at(-1)?.text;
    voice.murmur('Downloading');
    expect(heard()).toBe('Downloading');
    now = 1000;
    voice.murmur('Warming up');
    expect(heard()).toBe('Downloading');
    voice.say('Ready');
    expect(heard()).toBe('Ready');
    now = 6000;
    voice.murmur('Ready');
    expect(voice.lines.value).toHaveLength(2);
    voice.murmur('Looking');
    expect(heard()).toBe('Looking');
  });

  it('repeats itself when the same happens again', () => {
    const voice = createAnnouncer(() => 0);
    voice.say('Copied');
    voice.say('Copied');
    expect(voice.lines.value.map(({ text }) => text)).toEqual(['Copied', 'Copied']);
    expect(new Set(voice.lines.value.map(({ id }) => id)).size).toBe(2);
  });

  it('lets nothing that happened be lost behind what happens next, and does not grow for ever', () => {
    const voice = createAnnouncer(() => 0);
    voice.say('Learned');
    voice.say('Works offline');
    expect(voice.lines.value.map(({ text }) => text)).toEqual(['Learned', 'Works offline']);
    for (let i = 0; i < 100; i++) voice.say(`Verdict ${i}`);
    expect(voice.lines.value.length).toBeLessThan(10);
    expect(voice.lines.value.at(-1)?.text).toBe('Verdict 99');
  });
});

describe('photos coming in', () => {
  const jpeg = new File(['x'], 'a.jpg', { type: 'image/jpeg' });
  const text = new File(['x'], 'a.txt', { type: 'text/plain' });

  it('are all taken when picked, so that a wrong one gets its reason', () => {
    expect(photosFromFiles([jpeg, text]).map(({ name }) => name)).toEqual(['a.jpg', 'a.txt']);
  });

  it('are pictures only when pasted', () => {
    const transfer = { files: [jpeg, text] } as unknown as DataTransfer;
    expect(photosFromPaste(transfer).map(({ name }) => name)).toEqual(['a.jpg']);
    expect(photosFromPaste(null)).toEqual([]);
  });

  it('are told from text and links being dragged', () => {
    expect(carriesFiles({ types: ['text/plain'] } as unknown as DataTransfer)).toBe(false);
    expect(carriesFiles({ types: ['Files'] } as unknown as DataTransfer)).toBe(true);
    expect(carriesFiles(null)).toBe(false);
  });
});

describe('diagnostics', () => {
  const words = { t: MESSAGES.en, f: createFormat('en') };
  const value = (rows: ReturnType<typeof diagnosticsRows>, id: string) =>
    rows.find((row) => row.id === id)?.value;

  it('say what is not known yet', () => {
    const rows = diagnosticsRows(null, { state: 'loading', progress: null }, 'Test', words);
    expect(rows).toHaveLength(Object.keys(MESSAGES.en.about.rows).length);
    expect(value(rows, 'backend')).toBe(MESSAGES.en.about.waiting);
    expect(value(rows, 'browser')).toBe('Test');
  });

  it('say what runs and why, and copy as lines', () => {
    const encoder = {
      id: 'lite0',
      weightsSha256: 'abcdef0123456789',
      dim: 512,
      backend: {
        backend: 'wasm',
        threads: 2,
        adapter: null,
        reason: 'no WebGPU adapter',
        selfTest: 0.99987,
        fellBack: false,
      },
    } as const;
    const rows = diagnosticsRows(
      {
        crossOriginIsolated: true,
        encoder,
        collection: { name: 'default', labels: 200, photos: 7421, bytes: 4_210_000 },
        index: { hnswShards: 1, shards: 2, engine: 'hnsw' },
        storage: { usage: 21_400_000, quota: 12e9 },
      },
      { state: 'ready', encoder },
      'Test',
      words,
    );
    expect(value(rows, 'backend')).toBe('WASM · 2 threads');
    expect(value(rows, 'adapter')).toBe('None');
    expect(value(rows, 'encoder')).toBe('lite0 (512-d, sha256 abcdef012345…)');
    expect(value(rows, 'collection')).toBe('default: 200 landmarks, 7,421 photos, 4.2 MB');
    expect(value(rows, 'index')).toBe('HNSW graph; graphs built for 1 of 2 shards');
    expect(value(rows, 'storage')).toBe('21.4 MB of 12.0 GB');
    expect(diagnosticsText(rows)).toContain('Self-test (cosine): 0.9999\n');
  });
});
