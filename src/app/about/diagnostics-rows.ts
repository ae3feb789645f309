// Diagnostics as rows of name and value, in the page's language: shown in a table and copied as text.
import type { Words } from '../app.ts';
import type { Diagnostics, EngineStatus } from '../engine.ts';
import { backendText } from '../shell/backend-text.ts';

export interface Row {
  readonly id: keyof Words['t']['about']['rows'];
  readonly name: string;
  readonly value: string;
}

/** Every row is always there, so that what is not known yet is seen to be so. */
export function diagnosticsRows(
  found: Diagnostics | null,
  status: EngineStatus,
  browser: string,
  { t, f }: Pick<Words, 't' | 'f'>,
): Row[] {
  const { about } = t;
  const encoder = found?.encoder ?? (status.state === 'ready' ? status.encoder : null);
  const backend = encoder?.backend ?? null;
  const absent = status.state === 'failed' ? about.unknown : about.waiting;
  const collection = found?.collection;
  const index = found?.index;
  const storage = found?.storage;
  const yesNo = (value: boolean) => (value ? about.yes : about.no);

  const values: Record<Row['id'], string> = {
    state: about.states[status.state],
    backend: backend ? backendText(backend, { t, f }) : absent,
    reason: backend ? backend.reason : absent,
    adapter: backend ? (backend.adapter ?? about.none) : absent,
    threads: backend ? f.count(backend.threads) : absent,
    isolated: found ? yesNo(found.crossOriginIsolated) : absent,
    selfTest: backend ? f.fine(backend.selfTest) : absent,
    fellBack: backend ? yesNo(backend.fellBack) : absent,
    encoder: encoder
      ? `${encoder.id} (${encoder.dim}-d, sha256 ${encoder.weightsSha256.slice(0, 12)}…)`
      : absent,
    collection: collection
      ? about.collectionFacts(
          collection.name,
          f.count(collection.labels),
          f.count(collection.photos),
          f.bytes(collection.bytes),
        )
      : absent,
    index: index
      ? about.indexFacts(
          engineName(index.engine, t),
          f.count(index.hnswShards),
          f.count(index.shards),
        )
      : absent,
    storage: storage
      ? about.storageFacts(f.bytes(storage.usage), f.bytes(storage.quota))
      : about.unknown,
    browser,
  };
  return (Object.keys(values) as Row['id'][]).map((id) => ({
    id,
    name: about.rows[id],
    value: values[id],
  }));
}

export function diagnosticsText(rows: readonly Row[]): string {
  return rows.map(({ name, value }) => `${name}: ${value}`).join('\n');
}

/** An engine that the page has no words for shows under its own name. */
function engineName(engine: string, { why }: Words['t']): string {
  return engine === 'hnsw' || engine === 'exact' ? why.engines[engine] : engine;
}
