// One entry of the history: a line, and folded out the answer as it was then.
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { resultOf } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import { Candidates } from '../recognize/candidates.tsx';
import { type LabelMap, labelMap } from '../recognize/names.ts';
import { confidencePhrase, headline, resultJson, resultText } from '../recognize/result-text.ts';
import { VerdictView } from '../recognize/verdict-view.tsx';
import { fileName, jsonFile } from '../results/result-files.ts';
import { useWording } from '../results/use-wording.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { BinIcon, PhotoIcon, SaveIcon } from '../shell/icons.tsx';
import { saveFile } from '../shell/save-file.ts';
import { useAct } from '../shell/use-act.ts';
import { useBlobUrl } from '../shell/use-blob-url.ts';
import type { HistoryEntry } from './record.ts';

interface EntryProps {
  readonly entry: HistoryEntry;
}

export function HistoryEntryRow({ entry }: EntryProps) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const act = useAct();
  const open = useSignal(false);
  const wording = useWording(useKnown(entry));
  const picture = useBlobUrl(entry.thumbnail);
  const { result, key, time } = entry;
  const title = headline(result, wording);
  return (
    <li
      class="entry"
      data-testid="history-entry"
      data-key={key}
      data-kind={result.kind}
      data-label={result.label ?? undefined}
    >
      <details
        onToggle={({ currentTarget }) => {
          open.value = currentTarget.open;
        }}
      >
        <summary class="entry__summary">
          {picture ? (
            <img class="entry__small" src={picture} alt="" loading="lazy" decoding="async" />
          ) : (
            <span class="entry__small entry__small--none">
              <PhotoIcon />
            </span>
          )}
          <span class="entry__line">
            <span class="entry__title">{title}</span>
            <span class="entry__confidence">{confidencePhrase(result, wording)}</span>
            <span class="entry__photo">{result.photo}</span>
            <time class="entry__time" dateTime={time}>
              {f.dateTime(time)}
            </time>
          </span>
        </summary>
        {open.value && <Opened entry={entry} picture={picture} />}
      </details>
      <button
        type="button"
        class="button button--icon entry__delete"
        aria-label={t.history.deleteName(title, result.photo)}
        title={t.history.delete}
        data-testid="history-delete"
        onClick={() =>
          void act(
            () => engine.history.remove(key),
            t.history.deleted(title, result.photo),
            'history-undo',
          )
        }
      >
        <BinIcon />
      </button>
    </li>
  );
}

function Opened({ entry, picture }: EntryProps & { readonly picture: string | null }) {
  const { announcer } = useApp();
  const { t, f } = useWords();
  const known = useKnown(entry);
  const wording = useWording(known);
  const { result, time, key, collections, country } = entry;
  const { photo } = result;

  function save() {
    const name = fileName(photo, 'json');
    saveFile(jsonFile(resultOf(photo, result)), name);
    announcer.say(t.results.saved(name));
  }

  return (
    <div class="entry__open" data-testid="history-open">
      {picture && <img class="entry__picture" src={picture} alt={t.history.thumbnailAlt(photo)} />}
      <div class="entry__verdict">
        <VerdictView verdict={result} titleId={`entry-${key}`} known={known} />
        <dl class="entry__facts">
          <dt>{t.history.photo}</dt>
          <dd>{photo}</dd>
          <dt>{t.history.time}</dt>
          <dd>{f.dateTime(time)}</dd>
          <dt>{t.history.searched}</dt>
          <dd>{collections.join(', ') || t.history.searchedNothing}</dd>
          {country !== null && (
            <>
              <dt>{t.history.country}</dt>
              <dd>{f.country(country)}</dd>
            </>
          )}
        </dl>
      </div>
      <div class="entry__side">
        <Candidates verdict={result} known={known} />
      </div>
      <p class="entry__again fine">{t.history.again}</p>
      <div class="entry__actions">
        <CopyButton label={t.verdict.copyText} text={() => resultText(photo, result, wording)} />
        <CopyButton label={t.verdict.copyJson} text={() => resultJson(photo, result)} />
        <button
          type="button"
          class="button button--quiet"
          data-testid="history-save"
          onClick={save}
        >
          <SaveIcon />
          {t.history.saveJson}
        </button>
      </div>
    </div>
  );
}

/** What was known of the labels of an entry; undefined for none. */
export function useKnown(entry: HistoryEntry | null): LabelMap | undefined {
  return useMemo(() => entry && labelMap(entry.landmarks), [entry]) ?? undefined;
}
