// Folders as browsers give them: dropped, picked with an input, or kept from an earlier visit.
import { type FolderFile, type FolderListing, kindOf } from './folder-plan.ts';

export interface GivenFile extends FolderFile {
  /** Throws `NotFoundError` or `NotReadableError` where it has gone or changed. */
  readonly open: () => Promise<File>;
}

export interface GivenFolder extends FolderListing {
  readonly files: readonly GivenFile[];
  /** What can be read again at another visit, where the browser gives it (Chromium, for dropped folders). */
  readonly handles: readonly FileSystemDirectoryHandle[];
}

/** Called with the number of files met so far. */
export type OnSeen = (files: number) => void;

/** Not in TypeScript's DOM yet; of Chromium alone. */
interface Reopened extends FileSystemDirectoryHandle {
  queryPermission?(how: { mode: 'read' }): Promise<PermissionState>;
  requestPermission?(how: { mode: 'read' }): Promise<PermissionState>;
}

interface DroppedItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** From `<input webkitdirectory>`, which names no empty folders. */
export function folderFromInput(files: Iterable<File>): GivenFolder {
  return {
    files: [...files].map((file) => given(file.webkitRelativePath || file.name, file)),
    folders: [],
    handles: [],
  };
}

/**
 * Folders among what was dropped; null where there are none.
 * Must be called inside the event: the transfer's items are gone after the first await.
 */
export function foldersFromDrop(
  transfer: DataTransfer,
): ((onSeen?: OnSeen) => Promise<GivenFolder>) | null {
  const dropped = [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item: DroppedItem) => ({
      entry: item.webkitGetAsEntry?.() ?? null,
      handle: item.getAsFileSystemHandle?.().catch(() => null) ?? null,
    }))
    .filter(({ entry }) => entry?.isDirectory);
  if (dropped.length === 0) return null;
  return async (onSeen) => {
    const files: GivenFile[] = [];
    const folders: string[] = [];
    for (const { entry } of dropped) {
      await walkEntry(entry as FileSystemDirectoryEntry, files, folders, onSeen);
    }
    const handles = await Promise.all(dropped.map(({ handle }) => handle));
    return { files, folders, handles: handles.filter(isFolder) };
  };
}

/**
 * Folders of an earlier visit, once the user allows it. Must be called in a click where it was not allowed yet.
 * @returns null where the user does not
 */
export async function foldersAgain(
  handles: readonly FileSystemDirectoryHandle[],
  onSeen?: OnSeen,
): Promise<GivenFolder | null> {
  for (const handle of handles as readonly Reopened[]) {
    const how = { mode: 'read' } as const;
    if ((await handle.queryPermission?.(how)) === 'granted') continue;
    if ((await handle.requestPermission?.(how)) !== 'granted') return null;
  }
  const files: GivenFile[] = [];
  const folders: string[] = [];
  for (const handle of handles) await walkHandle(handle, handle.name, files, folders, onSeen);
  return { files, folders, handles };
}

function given(path: string, file: File): GivenFile {
  const { size, lastModified } = file;
  return { path, size, lastModified, open: async () => file };
}

/** What is no photo is counted, not opened; what the browser cannot read keeps no other file from being learned. */
function uncalled(path: string): GivenFile {
  return { path, size: 0, lastModified: 0, open: () => Promise.reject(new Error(path)) };
}

async function walkEntry(
  folder: FileSystemDirectoryEntry,
  files: GivenFile[],
  folders: string[],
  onSeen?: OnSeen,
): Promise<void> {
  const path = folder.fullPath.replace(/^\//, '');
  folders.push(path);
  const reader = folder.createReader();
  for (;;) {
    // At most 100 at a time, and none at the end.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (batch.length === 0) return;
    for (const entry of batch) {
      const inside = entry.fullPath.replace(/^\//, '');
      if (entry.isDirectory) {
        await walkEntry(entry as FileSystemDirectoryEntry, files, folders, onSeen);
      } else if (kindOf(inside) === 'photo') {
        const file = await new Promise<File | null>((resolve) => {
          (entry as FileSystemFileEntry).file(resolve, () => resolve(null));
        });
        files.push(file ? given(inside, file) : uncalled(inside));
      } else files.push(uncalled(inside));
    }
    onSeen?.(files.length);
  }
}

async function walkHandle(
  folder: FileSystemDirectoryHandle,
  path: string,
  files: GivenFile[],
  folders: string[],
  onSeen?: OnSeen,
): Promise<void> {
  folders.push(path);
  for await (const [name, handle] of folder.entries()) {
    const inside = `${path}/${name}`;
    if (isFolder(handle)) await walkHandle(handle, inside, files, folders, onSeen);
    else if (kindOf(inside) === 'photo') {
      const file = await (handle as FileSystemFileHandle).getFile().catch(() => null);
      files.push(file ? given(inside, file) : uncalled(inside));
    } else files.push(uncalled(inside));
  }
  onSeen?.(files.length);
}

function isFolder(handle: FileSystemHandle | null): handle is FileSystemDirectoryHandle {
  return handle?.kind === 'directory';
}
