// Every text of the page in English. Its shape is what the other languages must have.
import type { Stage } from '../../progress.ts';
import type { Kind } from '../../verdict.ts';
import type { Notice } from '../engine.ts';
import { camera } from './en-camera.ts';
import { collections } from './en-collections.ts';
import { count, plural } from './en-count.ts';
import { errors } from './en-errors.ts';
import { history } from './en-history.ts';
import { compare, map } from './en-map.ts';
import { offline } from './en-offline.ts';
import { subjects } from './en-photo-errors.ts';
import { places } from './en-places.ts';
import { results } from './en-results.ts';
import { services } from './en-services.ts';
import { teach } from './en-teach.ts';
import { why } from './en-why.ts';

const stages = {
  download: 'Downloading the model',
  'load-model': 'Loading the model',
  'warm-up': 'Warming up',
  'self-test': 'Testing itself',
  'open-collection': 'Opening the landmarks',
  'build-index': 'Building the index',
  decode: 'Read the photo',
  encode: 'Describe it in numbers',
  search: 'Search the landmarks',
  rerank: 'Weigh the matches',
  match: 'Compare details',
  decide: 'Decide',
} satisfies Record<Stage, string>;

const kinds = {
  landmark: 'A landmark of this collection',
  unlisted: 'A landmark, but not in this collection',
  'not-landmark': 'No landmark',
} satisfies Record<Kind, string>;

const notices = {
  'self-test-failed':
    'The graphics processor gave wrong results or stopped, so the slower, reliable way is used.',
  'no-isolation':
    'This page runs without cross-origin isolation, so only one processor core is used. It works, more slowly.',
  'worker-restarted': 'The part that does the work stopped and was restarted. You can go on.',
  'storage-unavailable':
    'The browser’s storage cannot be used: everything works, but is downloaded again at each visit.',
  'taught-unavailable':
    'What you taught cannot be read from the browser’s storage. Everything else works.',
  'collection-unavailable':
    'A collection could not be opened; the place Collections says which and what to do. Everything else works.',
  'service-unavailable':
    'A collection that is searched elsewhere did not answer; photos were searched without it.',
  'matcher-unavailable':
    'The details of a photo could not be compared; its answer rests on overall likeness.',
  'head-outdated':
    'The recognition model was updated, so the fine-tuning made for the old one is no longer used. You can tune again.',
} satisfies Record<Notice['id'], string>;

export const en = {
  app: {
    name: 'Cairn',
    tagline: 'Landmark recognition on your own device',
    skip: 'Skip to the content',
    changeFailed: 'That did not work.',
  },
  nav: {
    label: 'Main',
    recognize: 'Recognize',
    teach: 'Teach',
    collections: 'Collections',
    about: 'About',
  },
  switches: {
    language: '切换到中文',
    otherLanguage: '中文',
    languageFailed:
      'The texts of the other language could not be fetched. Try again with a network.',
    theme: {
      auto: 'Colours: as the device. Change to light.',
      light: 'Colours: light. Change to dark.',
      dark: 'Colours: dark. Change to automatic.',
    },
  },
  engine: {
    label: 'State of the recognizer',
    starting: 'Starting',
    ready: 'Ready',
    runsOn: (backend: string) => `runs on ${backend}`,
    threads: (n: number, shown: string) => count(n, shown, 'thread', 'threads'),
    knows: (n: number, shown: string) => `knows ${count(n, shown, 'landmark', 'landmarks')}`,
    of: (done: string, total: string) => `${done} of ${total}`,
    preparing: 'Getting ready to compare details',
    photosWait: 'Photos can be added already; they wait until it is ready.',
    failed: 'The recognizer could not start',
    retry: 'Try again',
    details: 'Details',
  },
  notices: { label: 'Good to know', dismiss: 'Dismiss', text: notices },
  recognize: {
    title: 'Which landmark is this?',
    lead: 'Drop a photo and Cairn names the landmark in it, or says plainly that it does not know. Nothing leaves this device.',
    titleBusy: 'Recognize',
    choose: 'Choose photos',
    camera: 'Take a photo',
    hint: 'or drop them anywhere on the page, or paste',
    where: 'Look in',
    everywhere: 'every country',
    narrowed: (country: string) => `Only landmarks in ${country} were looked for.`,
    dropHere: 'Let go to add the photos',
    notAPhoto: 'That was not a photo file.',
    queue: 'Photos',
    added: (n: number, shown: string) => `${count(n, shown, 'photo', 'photos')} added.`,
    doneOf: (done: string, total: string) => `${done} of ${total} done`,
    clear: 'Clear all',
    cleared: 'All photos removed.',
    photoAlt: (name: string) => `Your photo ${name}`,
    noPreview: 'This browser cannot show a preview',
    queued: 'Waiting',
    queuedWhy: 'Its turn comes when the photos before it are done.',
    queuedEngine: 'It is looked at as soon as the recognizer is ready.',
    queuedFailed: 'The recognizer is not running. Try again above.',
    working: 'Looking at it',
    stagesLabel: 'Stages',
    cancel: 'Stop',
    cancelName: (name: string) => `Stop ${name}`,
    remove: 'Remove',
    removeName: (name: string) => `Remove ${name}`,
    again: 'Try again',
    againName: (name: string) => `Try again with ${name}`,
    errorDetail: 'Technical details',
    announceWorking: (i: string, total: string) => `Looking at photo ${i} of ${total}.`,
    announceFailed: (name: string, what: string) => `${name}: ${what}`,
    announceVerdict: (name: string, verdict: string) => `${name}: ${verdict}`,
  },
  verdict: {
    unlisted: 'Looks like a landmark, but not one in this collection',
    notLandmark: 'No landmark recognized',
    unlistedNote: 'It resembles the photos of landmarks, yet no single one of them well enough.',
    notLandmarkNote: 'Nothing in it resembles a landmark that Cairn knows.',
    kind: kinds,
    confidence: 'Confidence',
    words: {
      certain: 'Very sure',
      likely: 'Fairly sure',
      possible: 'Unsure',
      doubtful: 'A guess',
    },
    candidates: 'Candidates',
    closest: 'Closest known',
    similarity: 'similarity',
    noCandidates: 'Nothing comparable was found.',
    coordinates: 'Coordinates',
    copyCoordinates: 'Copy coordinates',
    copyText: 'Copy as text',
    copyJson: 'Copy as JSON',
    copied: 'Copied',
    copyFailed: 'The browser did not allow copying.',
  },
  landmarks: {
    title: 'Landmarks',
    search: 'Search by name or country',
    searchHint: 'English or Chinese, accents do not matter',
    sort: 'Order',
    sortName: 'By name',
    sortCountry: 'By country',
    sortPhotos: 'By number of photos',
    found: (n: number, shown: string) => count(n, shown, 'landmark', 'landmarks'),
    foundOf: (n: number, shown: string, total: string) =>
      `${shown} of ${total} ${plural.select(n) === 'one' ? 'landmark matches' : 'landmarks match'}`,
    none: (query: string) => `No landmark matches “${query}”.`,
    clearSearch: 'Clear the search',
    loading: 'The landmarks appear here as soon as the collection is open.',
    nothing: 'No collection is searched and nothing has been taught.',
    unavailable: 'The collection could not be opened.',
    photos: (n: number, shown: string) => count(n, shown, 'photo', 'photos'),
    noCountry: 'Country unknown',
  },
  about: {
    title: 'About Cairn',
    lead: 'A cairn is a pile of stones that tells walkers where they are. This one tells you what landmark is in a photo.',
    privacyTitle: 'Your photos stay yours',
    privacy:
      'Photos are read and compared in this browser tab, then forgotten; the history keeps a small picture with each result, in this browser alone, and can be switched off. There is no server that sees them, no account, no tracking, and this page is forbidden by its own rules to contact any other site, except those that its host allows for fetching collections.',
    howTitle: 'How it decides',
    how: 'A neural network turns the photo into a list of numbers. The most similar photos of known landmarks are looked up and vote on the name; whatever resembles ordinary scenes counts against it. A small statistical model then says how likely the best name is to be right. When that is not likely enough, Cairn says so instead of guessing.',
    limitsTitle: 'What it cannot do',
    limits:
      'It knows the landmarks of its collection and no others, and it can be wrong. The confidence is there to be taken seriously.',
    licence: 'Cairn is free software under the Apache License 2.0.',
    diagnosticsTitle: 'Diagnostics',
    diagnosticsLead: 'What this device is doing, useful when reporting a problem.',
    refresh: 'Refresh',
    copy: 'Copy diagnostics',
    waiting: 'Known once the recognizer is ready',
    unknown: 'Unknown',
    none: 'None',
    yes: 'Yes',
    no: 'No',
    rows: {
      state: 'State',
      backend: 'Runs on',
      reason: 'Chosen because',
      adapter: 'Graphics adapter',
      threads: 'Threads',
      isolated: 'Cross-origin isolated',
      selfTest: 'Self-test (cosine)',
      fellBack: 'Fell back from WebGPU',
      encoder: 'Encoder',
      collection: 'Collection',
      index: 'Search index',
      storage: 'Storage used',
      browser: 'Browser',
    },
    states: { loading: 'Loading', ready: 'Ready', failed: 'Failed' },
    collectionFacts: (name: string, labels: string, photos: string, bytes: string) =>
      `${name}: ${labels} landmarks, ${photos} photos, ${bytes}`,
    indexFacts: (engine: string, built: string, shards: string) =>
      `${engine}; graphs built for ${built} of ${shards} shards`,
    storageFacts: (used: string, quota: string) => `${used} of ${quota}`,
  },
  camera,
  collections,
  history,
  compare,
  map,
  offline,
  places,
  results,
  services,
  teach,
  why,
  stages,
  errors,
  subjects,
};
