// The texts of the place Collections in English.
import type { Origin } from '../collections/collections.ts';
import type { StoragePart } from '../collections/storage-use.ts';
import { count } from './en-count.ts';

const photos = (n: number, shown: string) => count(n, shown, 'photo', 'photos');
const landmarks = (n: number, shown: string) => count(n, shown, 'landmark', 'landmarks');

const origins = {
  default: 'Comes with this page',
  address: 'From an address',
  file: 'From a file',
  taught: 'Taught by you',
} satisfies Record<Origin, string>;

const parts = {
  models: 'Models',
  collections: 'Collections',
  taught: 'What you taught',
  history: 'History',
  graphs: 'Search graphs',
  needless: 'No longer needed',
} satisfies Record<StoragePart, string>;

const states = {
  open: 'Searched',
  opening: 'Opening',
  off: 'Not searched',
  waiting: 'Waiting for the recognizer',
  failed: 'Cannot be opened',
};

export const collections = {
  title: 'Collections',
  lead: 'What Cairn knows comes from collections. Several are searched as one.',
  tabs: 'Parts of this place',
  installed: 'Installed',
  landmarksTab: 'Landmarks',
  listTitle: 'Installed collections',
  none: 'No collection is installed, so no landmark is recognized except those that you taught.',
  origins,
  states,
  facts: (landmarksN: number, landmarksShown: string, photosN: number, photosShown: string) =>
    `${landmarks(landmarksN, landmarksShown)} from ${photos(photosN, photosShown)}`,
  since: (date: string) => `Installed ${date}`,
  licence: 'Licence',
  attribution: 'Attribution',
  address: 'Address',
  about: 'Licence and source',
  aboutName: (name: string) => `Licence and source of ${name}`,
  search: 'Search in it',
  searchName: (name: string) => `Search in ${name}`,
  turnedOn: (name: string) => `${name} is searched from now on.`,
  turnedOff: (name: string) => `${name} is no longer searched.`,
  export: 'Export',
  exportName: (name: string) => `Export ${name}`,
  share: 'Copy link',
  shareName: (name: string) => `Copy a link to ${name}`,
  update: 'Look for an update',
  updateName: (name: string) => `Look for an update of ${name}`,
  delete: 'Delete',
  deleteName: (name: string) => `Delete ${name}`,
  teachHere: 'Change, export and import them under Teach',
  confirmTitle: (name: string) => `Delete ${name}?`,
  confirmText: (size: string) =>
    `Its landmarks are no longer recognized, and ${size} of storage become free.`,
  confirmAgain: {
    default: 'It can be fetched again here.',
    address: 'It can be installed again from its address.',
    file: 'It came from a file: keep that, or export it first, if you may want it back.',
    taught: 'What you taught is gone for good, unless you have a file of it.',
  } satisfies Record<Origin, string>,
  keepIt: 'Keep it',
  deleted: (name: string, size: string) => `${name} was deleted; ${size} are free again.`,
  defaultTitle: 'The collection that comes with this page',
  defaultGone: 'It is not installed.',
  fetch: 'Fetch it',
  damage: {
    shards: (names: string) =>
      `Parts of it are lost or damaged in the browser’s storage: ${names}.`,
    landmarks: (names: string) => `Landmarks that have lost photos: ${names}.`,
    andMore: (shown: string) => `and ${shown} more`,
    fromFile:
      'Import its file again: what is missing is put back. Everything else works meanwhile.',
    fromAddress:
      'They are fetched again by themselves; without a connection, try again when there is one.',
    taught:
      'It cannot be read, so nothing can be added to it. Delete it here, then import your file under Teach.',
    retry: 'Fetch again',
  },
  addTitle: 'Add a collection',
  importHint:
    'A .cairn file; you can also drop it on this page. It is checked as a whole before it is used.',
  import: 'Import a file',
  drop: 'Let go to import the collection',
  addressLabel: 'Address of a collection',
  addressHint: 'Of a collection.json on a web server, or of its folder',
  look: 'Look at it',
  refusals: {
    none: 'That is no web address.',
    container:
      'That is the address of a .cairn file. Download it with your browser, then import it here.',
    forbidden: (origin: string) =>
      `This page is not allowed to contact ${origin}: its own rules name the sites that it may. Ask whoever hosts it to build it with CAIRN_CONNECT="${origin}", or get the collection as a .cairn file and import that.`,
  },
  askTitle: 'Add a collection from a link?',
  askText:
    'The link that you followed offers a collection from this address. Nothing has been downloaded yet.',
  looking: 'Looking at what is there',
  offerTitle: (name: string) => `Add ${name}?`,
  replaceTitle: (name: string) => `Replace ${name}?`,
  offerReplaces:
    'Another version, or another collection, of this name is installed. This one takes its place.',
  offerSame: 'This very version is installed already. What may be missing of it is put back.',
  offerNeeds: (size: string, left: string) => `It needs ${size}; ${left} are left for this page.`,
  offerNeedsOnly: (size: string) => `It needs ${size}.`,
  offerFull: 'There is not enough room. Delete something first.',
  download: 'Download and add',
  replace: 'Replace',
  cancel: 'Cancel',
  unfinishedTitle: 'Unfinished downloads',
  unfinished: (name: string, figures: string) => `${name}: ${figures} are here`,
  goOn: 'Go on',
  goOnName: (name: string) => `Go on downloading ${name}`,
  discard: 'Discard',
  discardName: (name: string) => `Discard what has come of ${name}`,
  discarded: (name: string) => `What had come of ${name} was discarded.`,
  job: {
    import: (name: string) => `Importing ${name}`,
    install: (name: string) => `Downloading ${name}`,
    export: (name: string) => `Exporting ${name}`,
    waiting: 'Waiting for another tab of this page that is changing collections',
    imported: (name: string) => `${name} was added and is searched from now on.`,
    here: (name: string) => `${name} was here already; nothing of it is missing now.`,
    exported: (file: string, size: string) => `Saved as ${file} (${size}).`,
    stopped: 'Stopped. Nothing has changed.',
    stoppedDownload: 'Stopped. What has come is kept, and gone on with when you like.',
    importFailed: (name: string) => `${name} could not be imported; nothing has changed.`,
    installFailed: (name: string) => `${name} could not be installed; nothing has changed.`,
    exportFailed: (name: string) => `${name} could not be exported.`,
    damaged:
      'It is no whole collection in one file. Copy or download it again, and choose one whose name ends in .cairn.',
    otherModel:
      'It was made with another recognition model than this page uses, so its numbers mean nothing here. Ask for a collection made with the model of this page.',
    taught: 'It holds landmarks that were taught in a page like this one: import it under Teach.',
    crossOrigin:
      'The server may be away, or may not allow other sites to read from it (it needs the header Access-Control-Allow-Origin).',
    needs: (needed: string) => `It needs ${needed}.`,
    needsOf: (needed: string, left: string) => `It needs ${needed}, and ${left} are left.`,
    deleteFirst: 'Delete something of this to make room:',
    retry: 'Try again',
    stop: 'Stop',
    dismiss: 'Dismiss',
  },
  storage: {
    title: 'Storage',
    parts,
    used: (used: string, quota: string) => `${used} of ${quota} used, as this browser counts`,
    unknown: 'This browser does not say how much it stores.',
    bar: (facts: string) => `What fills the storage: ${facts}`,
    kept: 'Kept for good: this browser deletes it only when you do.',
    mayGo:
      'This browser may clear it when the device runs out of space, or after weeks without a visit.',
    ask: 'Ask it to keep everything',
    refused:
      'The browser did not agree. Visiting often, a bookmark, or installing the page may change that; a file of what you taught is safe in any case.',
    agreed: 'The browser keeps everything for good.',
    clear: 'Remove what is no longer needed',
    cleared: 'Removed.',
    waiting: 'Measuring',
  },
};
