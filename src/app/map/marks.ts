// What a map shows of a verdict: the landmark, runners-up that lie elsewhere, and where the photo says it was taken.
import type { Verdict } from '../../verdict.ts';
import type { Language } from '../i18n/messages.ts';
import { type LabelMap, landmarkName } from '../recognize/names.ts';
import { distanceMetres, type Position, positionOf } from './geo.ts';

export type MarkKind = 'landmark' | 'runner-up' | 'photo';

export interface Mark {
  readonly kind: MarkKind;
  /** Key among the marks of one map. */
  readonly key: string;
  /** The landmark's name; empty for the photo. */
  readonly title: string;
  readonly position: Position;
  /** From the landmark that was named; null for itself, and where none was. */
  readonly metres: number | null;
}

export interface MapContent {
  /** The landmark first, then the photo, then runners-up as the verdict ranks them. */
  readonly marks: readonly [Mark, ...Mark[]];
  /** ISO 3166-1 alpha-2 of the landmark; null where it is unknown or there is none. */
  readonly country: string | null;
}

/**
 * Null where there is no place to show. Guesses are shown only beside a landmark that was named: without one they
 * would put a place to a photo that the verdict has none for.
 */
export function mapContent(
  verdict: Verdict,
  labels: LabelMap,
  language: Language,
  taken: Position | null,
): MapContent | null {
  const named = (label: string) => {
    const { title, facts } = landmarkName(labels, label, language);
    return { title, facts, position: positionOf(facts?.lat, facts?.lon) };
  };
  const landmark = verdict.label === null ? null : named(verdict.label);
  const from = landmark?.position ?? null;
  const apart = (position: Position) => (from ? distanceMetres(from, position) : null);
  const marks: Mark[] = [];
  if (landmark && from) {
    const { title } = landmark;
    marks.push({ kind: 'landmark', key: 'landmark', title, position: from, metres: null });
  }
  if (taken) {
    marks.push({ kind: 'photo', key: 'photo', title: '', position: taken, metres: apart(taken) });
  }
  if (from) {
    for (const { label } of verdict.candidates) {
      const { title, position } = named(label);
      if (label === verdict.label || !position) continue;
      marks.push({ kind: 'runner-up', key: label, title, position, metres: apart(position) });
    }
  }
  const [first, ...rest] = marks;
  return first ? { marks: [first, ...rest], country: landmark?.facts?.country ?? null } : null;
}
