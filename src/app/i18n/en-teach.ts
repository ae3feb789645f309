// The texts of the place Teach in English.
import type { LastStageRefusal } from '../../training/tuning/last-stage-needs.ts';
import type { TuningScope } from '../../training/tuning/trainer-keep.ts';
import { build } from './en-build.ts';
import { count } from './en-count.ts';

const photos = (n: number, shown: string) => count(n, shown, 'photo', 'photos');

const refusals = {
  'nothing-taught': 'Teach a landmark first: there is nothing to tune for yet.',
  'one-landmark': 'Tuning needs at least two landmarks to tell apart. Teach another one.',
  'one-photo': 'Tuning needs a taught landmark with at least two photos. Add more photos.',
  'few-photos':
    'Tuning the last stage needs a taught landmark with at least three photos. Add more photos, or tune the head only.',
  'no-pictures':
    'Of some taught photos this browser no longer has its copy, which the last stage learns from. Remove those photos and teach them again, or tune the head only.',
  'no-storage': 'This browser keeps no data for this page, so tuning would be lost at once.',
  'little-storage':
    'There is too little room in the browser’s storage for tuning. Free some space on this device.',
  'little-memory': 'This device has too little memory for tuning this many photos.',
} satisfies Record<LastStageRefusal, string>;

const scopes = {
  head: {
    name: 'Head only',
    text: 'About a minute and little memory: bends the descriptions of all photos slightly, so that landmarks that look alike come apart.',
    inUse: 'A tuned head is in use.',
    applied: 'The tuned head is in use.',
  },
  'last-stage': {
    name: 'Head and last stage',
    text: 'A few minutes, more memory, and recognitions that take up to twice as long: the network itself learns from your photos, for what you taught alone, and compares all else as before.',
    inUse: 'A tuned last stage is in use for what you taught.',
    applied: 'The tuned last stage is in use for what you taught.',
  },
} satisfies Record<TuningScope, Record<'name' | 'text' | 'inUse' | 'applied', string>>;

const tuning = {
  title: 'Fine-tuning',
  lead: 'Adjusts how photos are compared so that what you taught stands out more clearly, and checks that what Cairn knew before stays. It happens on this device alone. What you taught works without it.',
  waiting: 'Available as soon as the recognizer is ready.',
  refusals,
  choose: 'What to tune',
  scopes,
  pictures: (size: string) =>
    `Learns from the copies of your photos that this browser keeps, at most 512 pixels a side: ${size} in all.`,
  start: 'Start fine-tuning',
  startAnew: 'Start anew',
  preparing: 'Preparing',
  interrupted: (what: string, step: string, steps: string) =>
    `An earlier tuning (${what}) stopped at step ${step} of ${steps}.`,
  resumeSaved: 'Go on with it',
  changed: 'What you taught has changed since that tuning was interrupted. Start anew.',
  gpuFailed:
    'The graphics processor failed. Start again, or go on from what was kept: the tuning is computed without it then.',
  states: {
    running: 'Tuning',
    paused: 'Paused',
    over: 'Finished',
    applying: 'Putting it to use',
  },
  stepOf: (step: string, steps: string) => `Step ${step} of ${steps}`,
  on: (backend: string, photos: string, landmarks: string) =>
    `${photos} photos of ${landmarks} landmarks, on ${backend}`,
  pause: 'Pause',
  resume: 'Resume',
  stop: 'Stop',
  apply: 'Use it',
  undo: 'Undo',
  undone: 'Fine-tuning was undone.',
  discard: 'Discard',
  discarded: 'The tuning was discarded.',
  export: 'Export',
  exported: (file: string) => `Saved as ${file}.`,
  bestAt: (step: string) => `Held-out photos did best at step ${step}: that state would be used.`,
  noBetter:
    'Held-out photos never did better than before, so there is nothing to use. More photos may help.',
  curves: 'Loss',
  training: 'Training',
  heldOut: 'Held-out photos',
  curvesLabel: (step: string, loss: string, heldOut: string) =>
    `Curves of the loss. At step ${step}: training ${loss}, held-out photos ${heldOut}.`,
  table: 'As a table',
  step: 'Step',
  figures: 'Held-out photos whose most similar photo shows the same landmark',
  before: 'Before',
  after: 'After',
  taughtPhotos: 'Taught',
  knownPhotos: 'Known before',
  right: (right: string, of: string) => `${right} of ${of}`,
  leadOf: (value: string) => `lead ${value}`,
  noneHeldOut: 'none held out',
  announce: {
    preparing: 'Preparing fine-tuning.',
    running: 'Fine-tuning is running.',
    paused: 'Fine-tuning is paused.',
    over: 'Fine-tuning has finished.',
    applying: 'The result is being put to use.',
    failed: 'Fine-tuning failed.',
    elsewhere: 'Another tab is fine-tuning. Wait until it is done, or stop it there.',
  },
};

const keeping = {
  title: 'Keep a file of it',
  why: 'Browsers may delete stored data after weeks without a visit. A file of your own is safe from that, and can be imported on other devices too. Export again after you have taught more.',
  export: 'Export to a file',
  import: 'Import a file',
  exporting: 'Exporting what you taught',
  importing: 'Importing',
  exported: (file: string, size: string) =>
    `Saved as ${file} (${size}). It holds the names, your notes and small copies of your photos: whoever has the file can see them.`,
  imported: (n: number, shown: string, landmarks: number, landmarksShown: string) =>
    `${photos(n, shown)} of ${count(landmarks, landmarksShown, 'landmark', 'landmarks')} added, recognized from now on.`,
  importedNone: 'Nothing was added: all of it is here already.',
  leftOut: (n: number, shown: string) =>
    `${photos(n, shown)} left out: another version of the recognizer described them, and the file has no copy of them that can be read.`,
  stopped: 'Stopped. Nothing has changed.',
  damaged:
    'This is no whole file of taught landmarks, so nothing was added. Copy or export it again, and choose one whose name ends in .cairn.',
  otherFile:
    'This file holds something else than landmarks that you taught, or was made with another recognizer and has no copies of the photos. Nothing was added.',
  exportFailed: 'That could not be exported.',
  importFailed: 'That could not be imported; nothing has changed.',
  needs: (size: string) => `The file needs ${size}.`,
  needsOf: (size: string, left: string) => `The file needs ${size}, and ${left} are left.`,
};

export const teach = {
  build,
  tuning,
  keeping,
  title: 'Teach',
  lead: 'Show Cairn a landmark that it does not know. A few photos are enough, it is recognized at once, and nothing leaves this device.',
  newTitle: 'A new landmark',
  name: 'Name',
  nameHint: 'As you want to read it in a verdict',
  nameKnown: (name: string) => `Cairn knows ${name}: your photos will be added to it.`,
  nameTaught: (name: string) => `You have taught ${name}: the photos will be added to it.`,
  note: 'Note (optional)',
  choose: 'Choose photos',
  camera: 'Take a photo',
  hint: 'or drop them here, or paste',
  staged: 'Photos to learn from',
  unstage: (name: string) => `Leave out ${name}`,
  start: 'Teach it',
  startCount: (n: number, shown: string) => `Teach it with ${photos(n, shown)}`,
  needName: 'Give the landmark a name first.',
  needPhotos: 'Add at least one photo first.',
  moreHelps: 'One photo works, but two to five from different sides work better.',
  batch: (name: string) => `Learning ${name}`,
  batchDone: (name: string) => `Learned ${name}`,
  doneOf: (done: string, total: string) => `${done} of ${total} photos`,
  stop: 'Stop',
  dismiss: 'Dismiss',
  at: {
    waiting: 'Waiting',
    working: 'Looking at it',
    taught: 'Learned',
    duplicate: (name: string) => `Left out: the same file was taught before, for ${name}`,
    failed: (what: string) => `Left out: ${what}`,
  },
  waitEngine: 'Photos are looked at as soon as the recognizer is ready.',
  announceStart: (name: string, n: number, shown: string) =>
    `Learning ${name} from ${photos(n, shown)}.`,
  announceDone: (name: string, n: number, shown: string) =>
    `${name} was learned from ${photos(n, shown)} and is recognized from now on.`,
  announceFew: 'More photos from other sides make it surer.',
  announceNone: (name: string) => `Nothing was learned about ${name}.`,
  announceLeftOut: (n: number, shown: string) => `${photos(n, shown)} left out.`,
  announceFailed: (what: string) => `Teaching failed. ${what}`,
  addedToDraft: (n: number, shown: string) =>
    `${photos(n, shown)} added. Give a name and teach it.`,
  taughtTitle: 'What you taught',
  taughtNone: 'Nothing yet. What you teach appears here and under Landmarks.',
  photos,
  fewPhotos: 'More photos would help.',
  known: 'Adds to a landmark that Cairn knows',
  photoAlt: (name: string, place: string) => `Photo ${place} of ${name}`,
  noPicture: 'Picture not kept',
  add: 'Add photos',
  addName: (name: string) => `Add photos of ${name}`,
  edit: 'Rename',
  editName: (name: string) => `Rename ${name}`,
  save: 'Save',
  cancel: 'Cancel',
  renamed: (name: string) => `Saved as ${name}.`,
  nameTaken: 'Another landmark that you taught has this name.',
  remove: 'Remove',
  removeName: (name: string) => `Remove ${name}`,
  removePhoto: (place: string, name: string) => `Remove photo ${place} of ${name}`,
  confirmTitle: (name: string) => `Remove ${name}?`,
  confirmText: (n: number, shown: string) =>
    `Cairn forgets it and ${n === 1 ? 'its photo' : `its ${shown} photos`}.`,
  keep: 'Keep it',
  removed: (name: string) => `${name} was removed.`,
  removedPhotos: (name: string, n: number, shown: string) =>
    `${photos(n, shown)} of ${name} removed.`,
  undo: 'Undo',
  undone: (name: string) => `${name} is back as it was.`,
};
