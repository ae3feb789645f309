// What a name that is typed already means: a landmark that was taught, or one of the default collection.
import { useMemo } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { fold } from '../landmarks/filter.ts';
import { landmarkName } from '../recognize/names.ts';

/** A function from a title to a sentence on the landmark that it means; null for a new one. */
export function useNameHint(): (title: string) => string | null {
  const { engine, labels } = useApp();
  const { t, language } = useWords();
  const all = engine.labels.value;
  const taught = engine.teaching.landmarks.value;
  const known = useMemo(() => {
    const names = new Map<string, string>();
    for (const { label, title } of all) {
      for (const name of [title.en, title.zh]) if (fold(name) !== '') names.set(fold(name), label);
    }
    return names;
  }, [all]);
  const own = useMemo(() => new Set(taught.map(({ facts }) => facts.label)), [taught]);
  return (title) => {
    const label = known.get(fold(title));
    if (label === undefined) return null;
    const name = landmarkName(labels.value, label, language).title;
    return own.has(label) ? t.teach.nameTaught(name) : t.teach.nameKnown(name);
  };
}
