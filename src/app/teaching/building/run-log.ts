// What became of a folder's files so far, gathered for the page.
import type { DescribedPhoto } from '../described-photo.ts';
import type { AlikePhoto, FileResult, KeptPlan } from './build-keep.ts';
import type { NamedResult, RecentPhoto, RunView, Tally } from './building.ts';
import { PhotoTimes } from './estimates.ts';

/** Pictures that are shown while photos are learned. */
const SHOWN = 12;
const NONE: Tally = { taught: 0, duplicate: 0, alike: 0, failed: 0, gone: 0 };

/** Owns the object URLs of its pictures until `close`. */
export class RunLog {
  readonly #plan: KeptPlan;
  readonly #results = new Map<number, FileResult>();
  readonly #times = new PhotoTimes();
  #others: readonly NamedResult[] = [];
  #alike: readonly AlikePhoto[];
  #recent: readonly RecentPhoto[] = [];
  #tally: Tally = NONE;
  landmark: number | null = null;

  constructor(plan: KeptPlan, results: readonly FileResult[], alike: readonly AlikePhoto[]) {
    this.#plan = plan;
    this.#alike = alike;
    for (const result of results) this.add(result);
  }

  get results(): ReadonlyMap<number, FileResult> {
    return this.#results;
  }

  get alike(): readonly AlikePhoto[] {
    return this.#alike;
  }

  add(result: FileResult, ms?: number, described?: DescribedPhoto | null): void {
    const { place, at } = result;
    const { path } = this.#plan.files[place]!;
    this.remove(place);
    this.#results.set(place, result);
    this.#tally = { ...this.#tally, [at]: this.#tally[at] + 1 };
    if (at !== 'taught' && at !== 'alike') {
      this.#others = [...this.#others, { path, result } as NamedResult];
    }
    // Files that are passed over take no time: they would make the rest look short.
    if (ms !== undefined && described) this.#times.add(ms);
    if (described) this.#show(described);
  }

  /** As if this file had not been looked at. */
  remove(place: number): void {
    const before = this.#results.get(place);
    if (!before) return;
    this.#results.delete(place);
    this.#tally = { ...this.#tally, [before.at]: this.#tally[before.at] - 1 };
    this.#others = this.#others.filter((one) => one.result.place !== place);
  }

  holdAside(photo: AlikePhoto): void {
    this.#alike = [...this.#alike, photo];
  }

  /** The choice was made: so many of those held aside are learned, the others left out. */
  decided(kept: number): void {
    const { taught, alike } = this.#tally;
    this.#tally = { ...this.#tally, taught: taught + kept, alike: alike - kept };
    this.#alike = [];
  }

  view(copies: boolean): RunView {
    const { landmarks, files, aside } = this.#plan;
    const settled = this.#results.size;
    const alike = this.#alike.map((one) => ({ ...one, title: landmarks[one.landmark]!.title }));
    return {
      total: files.length,
      settled,
      tally: this.#tally,
      landmark: this.landmark === null ? null : landmarks[this.landmark]!.title,
      leftMs: this.#times.left(files.length - settled),
      recent: this.#recent,
      others: this.#others,
      alike: alike.sort((a, b) => Number(b.conflict) - Number(a.conflict) || b.cosine - a.cosine),
      aside,
      copies,
    };
  }

  close(): void {
    for (const { url } of this.#recent) URL.revokeObjectURL(url);
    this.#recent = [];
  }

  #show({ id, picture: { blob, name } }: DescribedPhoto): void {
    const all = [...this.#recent, { id, name, url: URL.createObjectURL(blob) }];
    for (const { url } of all.slice(0, -SHOWN)) URL.revokeObjectURL(url);
    this.#recent = all.slice(-SHOWN);
  }
}
