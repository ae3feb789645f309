// Manifests: CSV lists of photos with their labels. Parsing only; paths are resolved by the caller.
import { parse } from 'csv-parse/sync';
import { CairnError, shownValue } from '../errors.ts';

export interface ManifestRow {
  /** As written: relative to the CSV. */
  readonly path: string;
  /** Empty: nothing that a gallery could name. */
  readonly label: string;
  /** Empty when the manifest has no such column. */
  readonly split: string;
  readonly kind: string;
  readonly source: string;
  readonly licence: string;
}

/**
 * Reads a manifest with a header line; `path` and `label` are required, other columns optional.
 * Throws `usage` naming the line for anything else.
 */
export function parseManifest(text: string, name = 'manifest'): ManifestRow[] {
  let records: Record<string, string>[];
  try {
    records = parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw usage(`${name} is not a readable CSV: ${detail.slice(0, MOST_DETAIL)}`, cause);
  }
  const first = records[0];
  if (!first) throw usage(`${name} lists no photos.`);
  for (const column of ['path', 'label']) {
    if (!(column in first)) throw usage(`${name} has no column "${column}".`);
  }
  return records.map((record, i) => {
    const path = record.path ?? '';
    if (!isInside(path))
      throw usage(`${name}, line ${i + 2}: ${shownValue(path)} leaves its folder.`);
    return {
      path,
      label: record.label ?? '',
      split: record.split ?? '',
      kind: record.kind ?? '',
      source: record.source ?? '',
      licence: record.licence ?? '',
    };
  });
}

/** The CSV reader repeats what it could not read. */
const MOST_DETAIL = 200;

/** A relative path to something in its folder, whatever the system's separator. */
function isInside(path: string): boolean {
  if (path === '' || path.includes('\0') || /^([A-Za-z]:|[\\/])/.test(path)) return false;
  const parts = path.split(/[\\/]/);
  return !parts.includes('..') && parts.some((part) => part !== '' && part !== '.');
}

function usage(message: string, cause?: unknown): CairnError {
  return new CairnError(
    'usage',
    message,
    'Give a CSV with the columns path,label[,split][,kind][,source]; paths are relative to it.',
    { cause },
  );
}
