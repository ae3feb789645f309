// A browser that walks through the page, whichever protocol it is driven by.

/** Runs in the page: what it needs comes as arguments, what it gives goes through JSON. */
export type InPage<A extends readonly unknown[], T> = (...args: A) => T | Promise<T>;

export interface Driver {
  /** With its version. */
  readonly name: string;
  open(address: string): Promise<void>;
  evaluate<A extends readonly unknown[], T>(run: InPage<A, T>, ...args: A): Promise<T>;
  /** PNG of the window. */
  screenshot(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Throws where the browser is there but does not start. */
export interface Browser {
  readonly name: 'chromium' | 'firefox' | 'webkit';
  /** What to install where it is not there. */
  readonly hint: string;
  /** Null where it is not on this machine. */
  start(): Promise<Driver | null>;
}

/** How long the page may take to show something: loading compiles networks. */
export const PATIENCE_MS = 120_000;
/** How long a call may take, waiting included. */
export const CALL_MS = PATIENCE_MS + 30_000;

/** The text of a function for a page, in which the helper that tsx wraps functions in is not there. */
export function pageScript(run: (...args: never[]) => unknown): string {
  return `((...args) => { const __name = (named) => named; return (${run})(...args); })`;
}
