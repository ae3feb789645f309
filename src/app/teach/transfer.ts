// What was taught on its way to a file or from one: one at a time, with progress and a way to stop.
import { type ReadonlySignal, signal } from '@preact/signals';
import { type PlainError, toPlainError } from '../../errors.ts';
import type { LongWork, Progress } from '../../progress.ts';
import { CONTAINER_ENDING } from '../../retrieval/container.ts';
import type { Imported, Teaching } from '../teaching/teaching.ts';

export type Direction = 'export' | 'import';

export type Transfer =
  | { readonly at: 'running'; readonly what: Direction; readonly progress: Progress | null }
  | { readonly at: 'exported'; readonly file: string; readonly bytes: number }
  | { readonly at: 'imported'; readonly imported: Imported }
  | {
      readonly at: 'failed';
      readonly what: Direction;
      readonly error: PlainError;
      /** Of `storage-full`: bytes that the file needs, and that are left where the browser says it. */
      readonly room: { readonly needed: number; readonly left: number | null } | null;
    };

export interface TransferParts {
  readonly teaching: Pick<Teaching, 'exported' | 'import'>;
  /** Hands a file to the user. */
  readonly save: (file: Blob, name: string) => void;
  /** Bytes that the browser would still store. */
  readonly left: () => Promise<number | null>;
  readonly onChange?: (transfer: Transfer) => void;
}

export interface Transfers {
  /** The one under way, or the last one until it is dismissed. */
  readonly transfer: ReadonlySignal<Transfer | null>;
  /** Nothing happens while another one is under way; problems show in `transfer`. */
  export(): Promise<void>;
  import(file: Blob): Promise<void>;
  stop(): void;
  dismiss(): void;
}

export function createTransfers({ teaching, save, left, onChange }: TransferParts): Transfers {
  const transfer = signal<Transfer | null>(null);
  let abort = new AbortController();

  async function run(
    what: Direction,
    needed: number,
    work: (how: LongWork) => Promise<Transfer>,
  ): Promise<void> {
    if (transfer.peek()?.at === 'running') return;
    abort = new AbortController();
    const onProgress = (progress: Progress) => {
      transfer.value = { at: 'running', what, progress };
    };
    transfer.value = { at: 'running', what, progress: null };
    onChange?.(transfer.value);
    let over: Transfer;
    try {
      over = await work({ signal: abort.signal, onProgress });
    } catch (thrown) {
      const error = toPlainError(thrown);
      const room = error.code === 'storage-full' ? { needed, left: await left() } : null;
      over = { at: 'failed', what, error, room };
    }
    transfer.value = over;
    onChange?.(over);
  }

  return {
    transfer,
    export: () =>
      run('export', 0, async (how) => {
        const file = await teaching.exported(how);
        const name = `my-landmarks-${new Date().toISOString().slice(0, 'YYYY-MM-DD'.length)}${CONTAINER_ENDING}`;
        save(file, name);
        return { at: 'exported', file: name, bytes: file.size };
      }),
    import: (file) =>
      run('import', file.size, async (how) => ({
        at: 'imported',
        imported: await teaching.import(file, how),
      })),
    stop: () => abort.abort(),
    dismiss() {
      if (transfer.peek()?.at !== 'running') transfer.value = null;
    },
  };
}
