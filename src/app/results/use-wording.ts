// Everything that turning a result into words needs, in the page's language.
import { useApp, useWords } from '../app.ts';
import type { LabelMap } from '../recognize/names.ts';
import type { Wording } from '../recognize/result-text.ts';

/** @param known where labels are described, where not in what is open now */
export function useWording(known?: LabelMap | undefined): Wording {
  const { labels } = useApp();
  const { t, f, language } = useWords();
  return { language, messages: t, format: f, labels: known ?? labels.value };
}
