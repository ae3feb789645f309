// What verified downloads need of a store: finished files by hash, and unfinished ones in pieces.
import type { Bytes } from './sha256.ts';

/** What is kept of a download that was cut. */
export interface PartialDownload {
  /** Strong ETag or Last-Modified of the answer that the bytes came from; null if it had neither. */
  readonly validator: string | null;
  /** The first bytes of the file, in order. */
  readonly chunks: readonly Bytes[];
}

export interface ByteStore {
  /** The bytes that were put under this hash; callers verify what they are about to trust. */
  getFile(sha256: string): Promise<Bytes | undefined>;
  /** Puts a verified file and forgets its partial download, in one transaction. */
  putFile(sha256: string, bytes: Bytes): Promise<void>;
  deleteFile(sha256: string): Promise<void>;

  /**
   * Takes over the partial download of a file: from now on only `session` may append to it.
   * Undefined where nothing is kept.
   */
  claimPartial(sha256: string, session: string): Promise<PartialDownload | undefined>;
  /** Throws away what is kept, if anything, and begins anew for this session. */
  beginPartial(sha256: string, session: string, validator: string | null): Promise<void>;
  /**
   * Appends bytes that begin at `offset`. False, with nothing written, when another session has
   * taken over or the offset does not fit: two tabs may download the same file at once.
   */
  appendPartial(sha256: string, session: string, offset: number, chunk: Bytes): Promise<boolean>;
  deletePartial(sha256: string): Promise<void>;
}
