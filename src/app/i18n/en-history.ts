// The texts of the history of recognitions in English.
import type { KindFilter } from '../history/find.ts';
import { count } from './en-count.ts';

const kinds = {
  all: 'Every answer',
  landmark: 'Landmarks named',
  unlisted: 'Not in the collection',
  'not-landmark': 'No landmark',
} satisfies Record<KindFilter, string>;

const entries = (n: number, shown: string) => count(n, shown, 'entry', 'entries');

export const history = {
  title: 'History',
  tally: (n: number, shown: string) => entries(n, shown),
  keep: 'Keep a history',
  about: (most: string) =>
    `Results stay in this browser with a small picture, never the photo itself: the newest ${most}.`,
  offShort: 'Not kept',
  off: 'No history is kept. Results are gone when the page is closed.',
  offKept: 'Nothing new is added.',
  fleeting: 'This browser stores nothing for this page, so the history lasts until it is closed.',
  problem: (what: string) =>
    `The history cannot be stored now: new results stay until the page is closed. ${what}`,
  damaged: (n: number, shown: string) =>
    `${entries(n, shown)} cannot be read, as storage has damaged ${n === 1 ? 'it' : 'them'}. “Delete all” takes ${n === 1 ? 'it' : 'them'} away.`,
  newer: (n: number, shown: string) =>
    `${entries(n, shown)} of a later version of Cairn ${n === 1 ? 'is' : 'are'} kept, but cannot be shown by this one.`,
  empty: 'Nothing yet. Recognized photos appear here.',
  loading: 'Reading the history',
  search: 'Search the history',
  searchHint: 'Landmark in English or Chinese, file or day',
  kind: 'Answer',
  kinds,
  day: 'Day',
  found: (n: number, shown: string, total: string) =>
    `${shown} of ${total} ${n === 1 ? 'entry matches' : 'entries match'}`,
  none: 'Nothing in the history matches.',
  reset: 'Show everything',
  more: (_n: number, shown: string) => `Show ${shown} more`,
  thumbnailAlt: (photo: string) => `Small picture of ${photo}`,
  photo: 'Photo',
  time: 'Recognized',
  searched: 'Searched',
  searchedNothing: 'No collection',
  country: 'Only looked in',
  again:
    'The photo itself is not kept: to recognize it again, choose it again from where you have it.',
  saveJson: 'Save as JSON',
  delete: 'Delete',
  deleteName: (title: string, photo: string) => `Delete ${title}, from ${photo}`,
  deleted: (title: string, photo: string) => `Deleted from the history: ${title}, from ${photo}`,
  undo: 'Undo',
  undone: (title: string, photo: string) => `Back in the history: ${title}, from ${photo}`,
  deleteAll: 'Delete all',
  deleteAllTitle: 'Delete the whole history?',
  deleteAllText: (n: number, shown: string) =>
    `${entries(n, shown)} with ${n === 1 ? 'its picture is' : 'their pictures are'} deleted for good, in every tab of this page.`,
  cancel: 'Cancel',
  allDeleted: 'The history is empty.',
  offTitle: 'Keep what the history has so far?',
  offText: (n: number, shown: string) =>
    `From now on no result is added. ${entries(n, shown)} ${n === 1 ? 'is' : 'are'} there already.`,
  keepThem: 'Keep them',
  switchedOn: 'Results are kept in the history from now on.',
  switchedOff: 'Results are no longer kept in the history.',
};
