// What learning a folder says: how much time is left, what was left aside, what became of it all.
import type { Format } from '../../i18n/format.ts';
import type { Messages } from '../../i18n/messages.ts';
import type { BuildState, RunView } from '../../teaching/building/building.ts';
import type { LeftAside } from '../../teaching/building/folder-plan.ts';

const MINUTE = 60_000;
/** From here on hours say more, in minutes. */
const LONG = 90;
/** Names of empty folders that are told. */
const NAMES = 5;

export function timeLeft(ms: number | null, t: Messages, f: Format): string {
  const { left } = t.teach.build;
  if (ms === null) return left.unknown;
  if (ms < MINUTE) return left.soon;
  const minutes = Math.round(ms / MINUTE);
  if (minutes < LONG) return left.minutes(minutes, f.count(minutes));
  const hours = Math.round(minutes / 60);
  return left.hours(hours, f.count(hours));
}

/** A sentence for each kind of file that is not learned from. */
export function asideText(aside: LeftAside, t: Messages, f: Format): string[] {
  const words = t.teach.build.aside;
  const { others, hidden, unreadable, loose, empty } = aside;
  const told = [
    unreadable > 0 ? words.unreadable(unreadable, f.count(unreadable)) : '',
    loose > 0 ? words.loose(loose, f.count(loose)) : '',
    others > 0 ? words.others(others, f.count(others)) : '',
    hidden > 0 ? words.hidden(hidden, f.count(hidden)) : '',
    empty.length > 0
      ? words.empty(empty.length, f.count(empty.length), empty.slice(0, NAMES).join(', '))
      : '',
  ];
  return told.filter((one) => one !== '');
}

/** What became of the photos, one sentence for each kind. */
export function tallyText({ tally, alike }: RunView, t: Messages, f: Format): string[] {
  const words = t.teach.build.tally;
  const { taught, duplicate, failed, gone } = tally;
  const leftOut = tally.alike - alike.length;
  const told = [
    words.taught(taught, f.count(taught)),
    duplicate > 0 ? words.duplicate(duplicate, f.count(duplicate)) : '',
    alike.length > 0 ? words.alike(alike.length, f.count(alike.length)) : '',
    leftOut > 0 ? words.leftOut(leftOut, f.count(leftOut)) : '',
    failed > 0 ? words.failed(failed, f.count(failed)) : '',
    gone > 0 ? words.gone(gone, f.count(gone)) : '',
  ];
  return told.filter((one) => one !== '');
}

/** How far it is, for screen readers now and then. */
export function progressOf({ landmark, settled, total }: RunView, t: Messages, f: Format): string {
  const { announce } = t.teach.build;
  return announce.progress(landmark ?? '', f.count(settled), f.count(total));
}

/** What is said aloud when a state begins; null where nothing is. */
export function announcement(state: BuildState, t: Messages, f: Format): string | null {
  const { announce, reading, unread, nothing, elsewhere } = t.teach.build;
  switch (state.at) {
    case 'idle':
      return null;
    case 'reading':
      return reading;
    case 'unread':
      return unread;
    case 'nothing':
      return nothing;
    case 'elsewhere':
      return elsewhere;
    case 'planned': {
      const { landmarks, plan } = state.draft;
      const [n, photos] = [landmarks.length, plan.files.length];
      return announce.planned(n, f.count(n), photos, f.count(photos));
    }
    case 'interrupted':
      return announce.interrupted;
    case 'running':
      return announce.running(state.run.total, f.count(state.run.total));
    case 'paused':
      return state.error ? `${announce.stuck} ${t.errors[state.error.code].what}` : announce.paused;
    case 'over':
      return [announce.over, ...tallyText(state.run, t, f)].join(' ');
  }
}
