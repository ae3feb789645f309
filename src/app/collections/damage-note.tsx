// What is wrong with a collection that cannot be opened, which landmarks are concerned, and what to do.
import { useApp, useWords } from '../app.ts';
import type { CollectionState, ListedCollection } from './collections.ts';

/** How many landmarks are named. */
const NAMED = 6;

interface DamageNoteProps {
  readonly collection: ListedCollection;
  readonly problem: Extract<CollectionState, { at: 'failed' }>;
}

export function DamageNote({ collection, problem }: DamageNoteProps) {
  const { jobs } = useApp();
  const { t, f, language } = useWords();
  const { damage: texts, job } = t.collections;
  const { error, damage } = problem;
  const { name, origin, url } = collection;
  const titles = damage?.labels.map(({ label }) => label.title[language] || label.label) ?? [];
  const more = titles.length - NAMED;
  const named = [
    ...titles.slice(0, NAMED),
    ...(more > 0 ? [texts.andMore(f.count(more))] : []),
  ].join(language === 'zh' ? '、' : ', ');
  const remedy =
    origin === 'taught' ? texts.taught : url === null ? texts.fromFile : texts.fromAddress;
  return (
    <div class="collection__damage" data-testid="collection-damage">
      {damage ? (
        <>
          <p>{texts.shards(damage.shards.map(({ file }) => file).join(', '))}</p>
          {titles.length > 0 && <p>{texts.landmarks(named)}</p>}
          <p>{remedy}</p>
        </>
      ) : (
        <p>{error.code === 'collection-mismatch' ? job.otherModel : t.errors[error.code].what}</p>
      )}
      {url !== null && (
        <button
          type="button"
          class="button"
          data-testid="collection-mend"
          onClick={() => void jobs.install(url, name)}
        >
          {texts.retry}
        </button>
      )}
      <details class="fine">
        <summary>{t.recognize.errorDetail}</summary>
        <p>
          <code>{error.code}</code> <span lang="en">{error.message}</span>
        </p>
      </details>
    </div>
  );
}
