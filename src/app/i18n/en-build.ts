// The texts of learning a whole folder in English.
import type { DraftProblem } from '../teaching/building/draft.ts';
import { count } from './en-count.ts';

const photos = (n: number, shown: string) => count(n, shown, 'photo', 'photos');
const landmarks = (n: number, shown: string) => count(n, shown, 'landmark', 'landmarks');
const files = (n: number, shown: string) => count(n, shown, 'file', 'files');

const aside = {
  unreadable: (n: number, shown: string) =>
    `${count(n, shown, 'picture', 'pictures')} in formats that cannot be read here, such as TIFF. As JPEG ${n === 1 ? 'it' : 'they'} could be learned.`,
  loose: (n: number, shown: string) =>
    `${photos(n, shown)} beside the landmarks’ folders. In one of those ${n === 1 ? 'it' : 'they'} would be learned.`,
  others: (n: number, shown: string) =>
    `${files(n, shown)} that ${n === 1 ? 'is no photo' : 'are no photos'}.`,
  hidden: (n: number, shown: string) => `${count(n, shown, 'hidden file', 'hidden files')}.`,
  empty: (n: number, shown: string, names: string) =>
    `${count(n, shown, 'folder', 'folders')} without photos: ${names}${n > 5 ? ', …' : ''}.`,
};

const tally = {
  taught: (n: number, shown: string) => `${photos(n, shown)} learned.`,
  duplicate: (n: number, shown: string) =>
    `${photos(n, shown)} passed over: the same file had been learned already.`,
  alike: (n: number, shown: string) =>
    `${photos(n, shown)} set aside, looking like another one. Choose below.`,
  leftOut: (n: number, shown: string) => `${photos(n, shown)} left out, looking like another one.`,
  failed: (n: number, shown: string) => `${photos(n, shown)} could not be read.`,
  gone: (n: number, shown: string) => `${photos(n, shown)} no longer in the folder.`,
};

const problems = {
  'no-landmark': 'Tick at least one landmark.',
  'no-name': 'Give every ticked landmark a name.',
  'no-room':
    'There is not enough room for this. Do without the small copies, leave landmarks out, or free space on this device.',
  'no-room-at-all':
    'There is not enough room for this, even without small copies. Leave landmarks out, or free space on this device.',
} satisfies Record<DraftProblem, string>;

const alike = {
  title: 'Photos that look like others',
  lead: 'These are set aside, because they look nearly like a photo that is there: the same one in another size or format, or taken moments later. One of each is usually enough.',
  conflict: (other: string, own: string) => `In two landmarks: ${other} and ${own}`,
  similarity: (value: string) => `similarity ${value}`,
  here: (name: string) => `Learned for ${name}`,
  fresh: (file: string) => `Set aside: ${file}`,
  choices: {
    leave: 'Keep the one that is learned',
    instead: 'Keep the one set aside instead',
    keep: 'Keep both',
  },
  keepAll: 'Keep both everywhere',
  leaveAll: 'Keep only those learned',
  more: (shown: string) => `Show ${shown} more`,
  apply: (n: number, shown: string) => `Learn ${photos(n, shown)} of these`,
  applyNone: 'Leave out all that is set aside',
};

export const build = {
  title: 'A folder of photos',
  lead: 'Learn many landmarks at once: a folder with one folder of photos for each landmark, named after it. Or a single folder of one landmark. Choose it here, or drop it on this page.',
  choose: 'Choose a folder',
  chooseOther: 'Choose another folder',
  chooseNext: 'Choose the next folder',
  chooseToGoOn: 'Choose the folder',
  reading: 'Looking through the folder.',
  seen: (n: number, shown: string) => `${files(n, shown)} so far.`,
  unread: 'That folder could not be read. Choose it again.',
  nothing: 'There are no photos in that folder that could be learned.',
  busy: 'A folder is being learned, or waits for your choice. Finish that first.',
  elsewhere: 'A folder is being learned in another tab. It can be followed and stopped there.',
  lookAgain: 'Look again',
  sum: (n: number, shown: string, p: number, photosShown: string) =>
    `${landmarks(n, shown)}, ${photos(p, photosShown)}`,
  landmarks: 'Landmarks to learn',
  include: (name: string) => `Learn ${name}`,
  nameOf: (folder: string) => `Name for the folder ${folder}`,
  needs: (size: string) => `Needs about ${size} in this browser’s storage.`,
  needsOf: (size: string, left: string) =>
    `Needs about ${size} in this browser’s storage; ${left} are left.`,
  copies: (size: string) => `Keep a small copy of each photo (about ${size})`,
  withoutCopies:
    'Without copies these photos are recognized just as well. But they have no pictures here, the last stage can no longer be tuned, and when the recognizer changes they have to be taught again.',
  problems,
  start: (n: number, shown: string) => `Learn ${photos(n, shown)}`,
  interrupted: (done: string, total: string) =>
    `An earlier visit learned from a folder and was not done: ${done} of ${total} photos.`,
  readAgain: 'The browser can read the folder again if you allow it.',
  chooseAgain: 'Choose the folder again to go on; what is done is passed over.',
  goOn: 'Go on',
  refused: 'The folder could not be read again. Choose it instead.',
  otherFolder:
    'None of the photos still to be learned are in that folder. Choose the one from before.',
  forget: 'Do not go on',
  forgotten: 'The rest of the folder is left out. What was learned stays.',
  states: { running: 'Learning the folder', paused: 'Paused', over: 'Folder learned' },
  pause: 'Pause',
  resume: 'Resume',
  stopHint: 'Ends here. What was learned stays.',
  goOnWithoutCopies: 'Do without small copies for the rest',
  left: {
    unknown: 'Estimating how long it takes',
    soon: 'less than a minute left',
    minutes: (n: number, shown: string) => `about ${count(n, shown, 'minute', 'minutes')} left`,
    hours: (n: number, shown: string) => `about ${count(n, shown, 'hour', 'hours')} left`,
  },
  recent: 'Photos looked at just now',
  notLearned: (n: number, shown: string) => `${photos(n, shown)} not learned, with the reasons`,
  showAll: (shown: string) => `Show all ${shown}`,
  showAllOf: (name: string, shown: string) => `Show all ${shown} photos of ${name}`,
  sameFile: (name: string) => `The same file is there, for ${name}.`,
  goneFile: 'No longer there, or changed while it was read.',
  aside,
  tally,
  alike,
  announce: {
    planned: (n: number, shown: string, p: number, photosShown: string) =>
      `The folder has ${landmarks(n, shown)} with ${photos(p, photosShown)}. Look through the names, then start.`,
    interrupted: 'An earlier folder was not done. It can go on in Teach.',
    running: (n: number, shown: string) => `Learning a folder of ${photos(n, shown)}.`,
    progress: (name: string, done: string, total: string) => `${name}. ${done} of ${total} photos.`,
    paused: 'Learning the folder is paused.',
    stuck: 'Learning the folder had to pause.',
    over: 'The folder is done.',
  },
};
