// Cairn as a module for other pages. What is exported here is its API: it changes by semantic versioning only
// (package.json beside this file has the version, cairn.api.d.ts the API as it was released).
export { CairnError, type ErrorCode } from '../errors.ts';
export type { OnProgress, Progress, Stage } from '../progress.ts';
export type { CollectionLabel } from '../retrieval/labels.ts';
export type { PlaceFilter } from '../retrieval/place-filter.ts';
export type {
  Candidate,
  Evidence,
  Kind,
  NearestReference,
  Timings,
  Verdict,
  VerifiedReference,
} from '../verdict.ts';
export {
  createRecognizer,
  type LandmarkRecognizer,
  type RecognizeOptions,
  type RecognizerOptions,
  type RecognizerProblem,
} from './create-recognizer.ts';
