// What can go wrong with a download, in words that say what to do.
import { CairnError } from '../errors.ts';

export interface WantedFile {
  readonly url: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** What to call it in progress and messages; the last part of the address unless told. */
  readonly name?: string;
}

/** What to call a file in messages and progress. */
export function nameOf(file: Pick<WantedFile, 'url' | 'name'>): string {
  return (
    file.name ??
    file.url
      .replace(/[?#].*/, '')
      .split('/')
      .at(-1) ??
    file.url
  );
}

export function refused(name: string, url: string, status: number): CairnError {
  return new CairnError(
    'download-failed',
    `${name} could not be downloaded: ${url} answers with status ${status}.`,
    status === 404
      ? 'The file is missing on the server: check the address, or tell its operator.'
      : 'Try again later.',
  );
}

export function cut(name: string, url: string, how: string, cause?: unknown): CairnError {
  return new CairnError(
    'download-failed',
    `The download of ${name} was cut (${how}): ${url} could not be read.`,
    'Check the connection and try again: it goes on where it stopped.',
    { cause },
  );
}

export function wrongContent(file: WantedFile, what: string, bytes?: Uint8Array): CairnError {
  if (bytes && looksLikeHtml(bytes)) return htmlInstead(file);
  return new CairnError(
    'hash-mismatch',
    `${nameOf(file)} is not the expected file: ${what}.`,
    'Try again; if it stays so, the copy on the server is damaged or of another version.',
  );
}

export function htmlInstead(file: WantedFile): CairnError {
  return new CairnError(
    'hash-mismatch',
    `${file.url} gives a web page instead of ${nameOf(file)}.`,
    'Check the address; a server must answer 404 for missing files, not its start page.',
  );
}

/** Whether a file begins as a web page does. */
export function looksLikeHtml(bytes: Uint8Array): boolean {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200)).trimStart().toLowerCase();
  return start.startsWith('<!doctype html') || start.startsWith('<html');
}
