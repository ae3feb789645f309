// Names for people: of landmarks, of the decision's features, of stages and of timings.
import type { LabelFacts } from '../../retrieval/labels.ts';
import { type Language, type Messages, otherLanguage } from '../i18n/messages.ts';

export type LabelMap = ReadonlyMap<string, LabelFacts>;

export interface LandmarkName {
  readonly title: string;
  /** The same in the other language; null when it is unknown or no different. */
  readonly other: string | null;
  readonly facts: LabelFacts | null;
}

export function labelMap<T extends LabelFacts>(labels: readonly T[]): ReadonlyMap<string, T> {
  return new Map(labels.map((facts) => [facts.label, facts]));
}

/** A label that the collection does not describe is shown by its key, made readable. */
export function landmarkName(labels: LabelMap, label: string, language: Language): LandmarkName {
  const facts = labels.get(label) ?? null;
  if (!facts) return { title: readable(label), other: null, facts };
  const title = facts.title[language] || facts.title.en || readable(label);
  const other = facts.title[otherLanguage(language)];
  return { title, other: other && other !== title ? other : null, facts };
}

export function stageName(messages: Messages, stage: string): string {
  return pick(messages.why.stageNames, stage) ?? readable(stage);
}

export function featureName(messages: Messages, feature: string): string {
  return pick(messages.why.featureNames, feature) ?? readable(feature);
}

export function timingName(messages: Messages, stage: string): string {
  return pick(messages.stages, stage) ?? pick(messages.why.timingNames, stage) ?? readable(stage);
}

/** `aix_palais` or `bestSimilarity` as words with a capital. */
export function readable(key: string): string {
  const words = key
    .replace(
      /([a-z\d])([A-Z])/g,
      (_all, before: string, after: string) => `${before} ${after.toLowerCase()}`,
    )
    .replace(/[_+-]+/g, ' ')
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function pick(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
