// The closed set of errors that Cairn throws: what happened, and what the user can do about it.

/** Every code that a user or a caller can meet. Messages are English; the page translates by code. */
export type ErrorCode =
  // photos
  | 'photo-empty'
  | 'photo-unsupported'
  | 'photo-corrupt'
  | 'photo-truncated'
  | 'photo-too-large'
  // models and numbers
  | 'model-invalid'
  | 'model-missing'
  | 'backend-unavailable'
  | 'inference-failed'
  | 'training-failed'
  // collections and storage
  | 'collection-invalid'
  | 'collection-mismatch'
  | 'collection-missing'
  | 'storage-failed'
  | 'storage-full'
  | 'download-failed'
  | 'hash-mismatch'
  // workers
  | 'worker-crashed'
  | 'timeout'
  | 'aborted'
  // use
  | 'usage'
  | 'internal';

/**
 * The one error class of Cairn. `message` says what happened, `remedy` what to do.
 * It survives a trip between threads through {@link toPlainError} and {@link fromPlainError}.
 */
export class CairnError extends Error {
  override readonly name = 'CairnError';
  /** Which of the things that a code stands for, where the page has words for each: a kind of file, say. */
  readonly subject: string | undefined;
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly remedy: string,
    options?: ErrorOptions & { readonly subject?: string | undefined },
  ) {
    super(message, options);
    this.subject = options?.subject;
  }
}

/** A structured-clone-safe picture of an error. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  /** See {@link CairnError.subject}. */
  readonly subject?: string;
}

/** Turns anything thrown into a plain error; what is not ours becomes `internal`, aborts `aborted`. */
export function toPlainError(thrown: unknown): PlainError {
  if (thrown instanceof CairnError) {
    const { code, message, remedy, subject } = thrown;
    return subject === undefined ? { code, message, remedy } : { code, message, remedy, subject };
  }
  if (thrown instanceof DOMException && thrown.name === 'AbortError') {
    return {
      code: 'aborted',
      message: 'The work was stopped.',
      remedy: 'Start it again if needed.',
    };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message, remedy: 'This is a fault of Cairn: please report it.' };
}

/** The way back from {@link toPlainError}. */
export function fromPlainError(plain: PlainError): CairnError {
  return new CairnError(plain.code, plain.message, plain.remedy, { subject: plain.subject });
}

/** Anything thrown as a `CairnError`: ours unchanged, others as {@link toPlainError} sees them. */
export function toCairnError(thrown: unknown): CairnError {
  return thrown instanceof CairnError ? thrown : fromPlainError(toPlainError(thrown));
}

/** A message shows no more of a value. */
const MOST_SHOWN = 60;
const MOST_LEVELS = 3;
const MOST_ELEMENTS = 8;

/**
 * What a message shows of a value that a file holds: JSON, cut short. `JSON.stringify` is no way to it: a text of a
 * few kilobytes holds more levels than it can walk through, and all of a large value would be written for its start.
 */
export function shownValue(value: unknown): string {
  const text = beginningOf(value, MOST_LEVELS);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 3)}…` : text;
}

function beginningOf(value: unknown, levels: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MOST_SHOWN));
  if (typeof value !== 'object' || value === null) return String(value);
  if (levels === 0) return '…';
  if (Array.isArray(value)) {
    return `[${value.slice(0, MOST_ELEMENTS).map((each) => beginningOf(each, levels - 1))}]`;
  }
  const some = Object.entries(value).slice(0, MOST_ELEMENTS);
  const parts = some.map(
    ([key, each]) => `${beginningOf(key, levels)}:${beginningOf(each, levels - 1)}`,
  );
  return `{${parts}}`;
}

/** Throws the typed `aborted` error when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new CairnError('aborted', 'The work was stopped.', 'Start it again if needed.');
  }
}
