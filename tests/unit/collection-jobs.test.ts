// Collections on their way in and out: what is asked, what is shown, what is said.
import { signal } from '@preact/signals';
import { describe, expect, it, vi } from 'vitest';
import type { Collections, Offer } from '../../src/app/collections/collections.ts';
import { jobText } from '../../src/app/collections/job-text.ts';
import { createJobs, type Job } from '../../src/app/collections/jobs.ts';
import { createFormat } from '../../src/app/i18n/format.ts';
import { CairnError, type ErrorCode } from '../../src/errors.ts';
import { MESSAGES } from './all-messages.ts';

const OFFER: Offer = {
  name: 'towns',
  landmarks: 3,
  photos: 12,
  bytes: 13_000,
  licence: 'Apache-2.0',
  attribution: '',
  needed: 13_000,
  left: null,
  replaces: 'nothing',
};
const FILE = new Blob(['x']);
const URL_OF = 'https://a.example/collection.json';

function failing(code: ErrorCode) {
  return async () => {
    throw new CairnError(code, 'what happened', 'what to do');
  };
}

function made(over: Partial<Collections> = {}) {
  const collections = {
    unfinished: signal([]),
    storage: signal({ used: 90_000, quota: 100_000 }),
    offerOfFile: async () => OFFER,
    offerOfAddress: async () => OFFER,
    import: vi.fn(async () => 'towns'),
    install: vi.fn(async () => 'towns'),
    exported: async () => new Blob(['abc']),
    measure: async () => undefined,
    isBusy: async () => false,
    keep: vi.fn(async () => true),
    ...over,
  } as unknown as Collections;
  const seen: Job[] = [];
  const saved: string[] = [];
  const jobs = createJobs({
    collections,
    save: (_, name) => saved.push(name),
    onChange: (job) => seen.push(job),
  });
  return { jobs, collections, seen, saved };
}

const said = (job: Job | null) => job && jobText(job, MESSAGES.en, createFormat('en'));

describe('an import', () => {
  it('needs no question where nothing is replaced, and asks the browser to keep it', async () => {
    const { jobs, collections, seen } = made();
    await jobs.import(FILE, 'towns.cairn');
    expect(jobs.question.value).toBeNull();
    expect(seen.map(({ at }) => at)).toEqual(['running', 'done']);
    expect(said(jobs.job.value)).toContain('towns was added');
    expect(collections.keep).toHaveBeenCalledOnce();
    jobs.dismiss();
    expect(jobs.job.value).toBeNull();
  });

  it('asks before something else of the name is replaced', async () => {
    const { jobs, collections } = made({
      offerOfFile: async () => ({ ...OFFER, replaces: 'other' }),
    });
    await jobs.import(FILE, 'towns.cairn');
    expect(jobs.question.value?.at).toBe('offer');
    jobs.decline();
    await jobs.accept();
    expect(collections.import).not.toHaveBeenCalled();
    await jobs.import(FILE, 'towns.cairn');
    await jobs.accept();
    expect(collections.import).toHaveBeenCalledOnce();
  });

  it('of what is here puts back what is missing', async () => {
    const { jobs } = made({ offerOfFile: async () => ({ ...OFFER, replaces: 'same' }) });
    await jobs.import(FILE, 'towns.cairn');
    expect(said(jobs.job.value)).toContain('was here already');
  });

  it('says in plain words why it failed', async () => {
    for (const [code, text] of [
      ['collection-invalid', 'no whole collection'],
      ['hash-mismatch', 'no whole collection'],
      ['collection-mismatch', 'another recognition model'],
      ['usage', 'under Teach'],
      ['storage-failed', 'storage cannot be used'],
    ] as const) {
      const { jobs } = made({ offerOfFile: failing(code) });
      await jobs.import(FILE, 'towns.cairn');
      expect(said(jobs.job.value)).toContain(text);
      expect(said(jobs.job.value)).toContain('nothing has changed');
    }
  });

  it('says what is needed, and what is left where that is less', async () => {
    const { jobs } = made({ import: failing('storage-full') });
    await jobs.import(FILE, 'towns.cairn');
    expect(said(jobs.job.value)).toContain('It needs 13 kB, and 10 kB are left.');
    const storage = signal({ used: 0, quota: 10e9 }) as unknown as Collections['storage'];
    const generous = made({ import: failing('storage-full'), storage });
    await generous.jobs.import(FILE, 'towns.cairn');
    expect(said(generous.jobs.job.value)).toContain('It needs 13 kB.');
  });

  it('tells that it waits for another tab', async () => {
    const { jobs, seen } = made({ isBusy: async () => true });
    await jobs.import(FILE, 'towns.cairn');
    expect(seen.map(said).join('|')).toContain('Waiting for another tab');
  });
});

describe('an installation', () => {
  it('by a link asks before anything is contacted, and again before anything is downloaded', async () => {
    const offerOfAddress = vi.fn(async () => OFFER);
    const { jobs, collections } = made({ offerOfAddress });
    jobs.askAbout(URL_OF);
    expect(jobs.question.value).toEqual({ at: 'link', url: URL_OF });
    expect(offerOfAddress).not.toHaveBeenCalled();
    await jobs.look(URL_OF);
    expect(jobs.question.value?.at).toBe('offer');
    expect(collections.install).not.toHaveBeenCalled();
    await jobs.accept();
    expect(collections.install).toHaveBeenCalledWith(URL_OF, expect.anything());
    expect(said(jobs.job.value)).toContain('towns was added');
  });

  it('that is declined while its address is looked at shows nothing later', async () => {
    let answer = (_: Offer): void => undefined;
    const { jobs } = made({
      offerOfAddress: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    const looking = jobs.look(URL_OF);
    jobs.decline();
    answer(OFFER);
    await looking;
    expect(jobs.question.value).toBeNull();
  });

  it('keeps what has come when it is stopped, and can be tried again', async () => {
    vi.stubGlobal('location', new URL('https://here.example/'));
    const { jobs, collections } = made({ install: vi.fn(failing('aborted')) });
    await jobs.install(URL_OF, 'towns');
    expect(said(jobs.job.value)).toContain('gone on with');
    const away = made({ install: failing('download-failed') });
    await away.jobs.install(URL_OF, 'towns');
    expect(said(away.jobs.job.value)).toContain('Access-Control-Allow-Origin');
    expect(away.jobs.job.value).toMatchObject({ source: { kind: 'address', url: URL_OF } });
    expect(collections.install).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });
});

describe('an export', () => {
  it('is saved under the name of the collection', async () => {
    const { jobs, saved } = made();
    await jobs.export('Old towns');
    expect(saved).toEqual(['Old-towns.cairn']);
    expect(said(jobs.job.value)).toBe('Saved as Old-towns.cairn (3 byte).');
  });
});
