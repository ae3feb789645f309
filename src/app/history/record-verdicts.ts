// Puts each verdict into the history, unless the user keeps none.
import { randomId } from '../../random.ts';
import type { Engine } from '../engine.ts';
import type { LabelMap } from '../recognize/names.ts';
import type { PhotoItem } from '../recognize/queue-state.ts';
import type { RecognitionHistory } from './history.ts';
import { entryOf } from './record.ts';
import { thumbnailOf } from './thumbnail.ts';

export interface RecorderParts {
  readonly history: RecognitionHistory;
  readonly engine: Pick<Engine, 'collections' | 'services'>;
  readonly labels: () => LabelMap;
  /** Whether the user wants a history, now. */
  readonly wanted: () => boolean;
}

/** To be called at once when a photo is settled: its address may be gone soon after. */
export function createRecorder(parts: RecorderParts): (item: PhotoItem) => Promise<void> {
  const { history, engine, labels, wanted } = parts;
  return async ({ name, url, country, at }) => {
    if (at.state !== 'done' || !wanted()) return;
    // As things are now: they may be others once the picture is made.
    const known = labels();
    const collections = searched(engine);
    const now = new Date();
    const thumbnail = await thumbnailOf(url);
    if (!wanted()) return;
    await history.add(
      entryOf({
        photo: name,
        verdict: at.verdict,
        labels: known,
        collections,
        country,
        thumbnail,
        at: now,
        mark: randomId().slice(0, 8),
      }),
    );
  };
}

function searched({ collections, services }: RecorderParts['engine']): string[] {
  const names = collections.list.peek().filter(({ state }) => state.at === 'open');
  const addresses = services.list.peek().filter(({ state }) => state.at === 'open');
  return [...names.map(({ name }) => name), ...addresses.map(({ address }) => address)];
}
