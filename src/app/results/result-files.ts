// Results as files: JSON of one, JSON lines or a table of many; what they hold is told in docs/history.md.
import { type FailedResult, failureOf, type Result, resultOf } from '../../verdict.ts';
import type { LabelMap } from '../recognize/names.ts';
import type { PhotoItem, Queue } from '../recognize/queue-state.ts';

export type AnyResult = Result | FailedResult;

/** Of the photos that are done or failed, in their order. */
export function resultsOf(queue: Queue): AnyResult[] {
  return queue.flatMap((item) => resultOfItem(item) ?? []);
}

function resultOfItem({ name, at }: PhotoItem): AnyResult | null {
  if (at.state === 'done') return resultOf(name, at.verdict);
  return at.state === 'failed' ? failureOf(name, at.error) : null;
}

export function jsonFile(result: Result): Blob {
  return new Blob([`${JSON.stringify(result, null, 2)}\n`], { type: 'application/json' });
}

/** A line for each: what `cairn recognize --json` prints. */
export function jsonLines(results: readonly AnyResult[]): string {
  return results.map((result) => `${JSON.stringify(result)}\n`).join('');
}

const COLUMNS = [
  'photo',
  'kind',
  'label',
  'title_en',
  'title_zh',
  'country',
  'latitude',
  'longitude',
  'confidence',
  'p_landmark',
  'p_unlisted',
  'p_not_landmark',
  'candidates',
  'error',
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], string | number | null | undefined>>;

/** RFC 4180, with a byte order mark, without which spreadsheets take Chinese for something else. */
export function csvTable(results: readonly AnyResult[], labels: LabelMap): string {
  const rows = results.map((result) => ('error' in result ? failed(result) : row(result, labels)));
  const lines = rows.map((cells) => COLUMNS.map((column) => cell(cells[column])).join(','));
  return `\uFEFF${[COLUMNS.join(','), ...lines].map((line) => `${line}\r\n`).join('')}`;
}

function failed({ photo, error }: FailedResult): Row {
  return { photo, error: error.code };
}

function row(result: Result, labels: LabelMap): Row {
  const facts = result.label === null ? undefined : labels.get(result.label);
  return {
    photo: result.photo,
    kind: result.kind,
    label: result.label,
    title_en: facts?.title.en,
    title_zh: facts?.title.zh,
    country: facts?.country,
    latitude: facts?.lat,
    longitude: facts?.lon,
    confidence: result.confidence,
    p_landmark: result.kindProbabilities.landmark,
    p_unlisted: result.kindProbabilities.unlisted,
    p_not_landmark: result.kindProbabilities['not-landmark'],
    candidates: result.candidates
      .map(({ label, similarity }) => `${label} ${similarity.toFixed(4)}`)
      .join('; '),
  };
}

function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  // A spreadsheet would run a file's name that begins so as a formula. One apostrophe more, always: it can be undone.
  const text = /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Longest part of a photo's name that goes into a file's name, UTF-16 units. */
const STEM = 80;

/** Such as `IMG_1-cairn.jpg`: the photo's name without its ending, and without what file systems refuse. */
export function fileName(photo: string, ending: string): string {
  const stem = photo
    .replace(/\.[^.]*$/, '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must go
    .replace(/[\u0000-\u001F\u007F<>:"/\\|?*]+/g, '_')
    .trim()
    .slice(0, STEM);
  return `${stem || 'photo'}-cairn.${ending}`;
}
