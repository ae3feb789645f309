// Where photos come from: files picked, dropped (folders too) or pasted, turned into named photos.
import type { NamedPhoto } from './queue.ts';

/** Everything picked goes in: what is no photo gets its own clear refusal from the engine. */
export function photosFromFiles(files: Iterable<File>): NamedPhoto[] {
  return [...files].map((file) => ({ name: file.name, blob: file }));
}

/** Only drags that carry files are ours; text and links dragged about the page are not. */
export function carriesFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes('Files') ?? false;
}

/**
 * Files dropped. Folders are walked, and of what lies in them only pictures are taken.
 * Must be called inside the event: the transfer's items are gone after the first await.
 */
export async function photosFromDrop(transfer: DataTransfer): Promise<NamedPhoto[]> {
  const entries = [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  const lists = await Promise.all(
    entries.map(({ entry, file }) => {
      if (entry?.isDirectory) return walk(entry as FileSystemDirectoryEntry);
      return file ? photosFromFiles([file]) : [];
    }),
  );
  return lists.flat();
}

/** Files dropped by themselves, without what lies in folders. Must be called inside the event. */
export function looseFiles(transfer: DataTransfer): File[] {
  return [...transfer.items].flatMap((item) => {
    const file =
      item.kind === 'file' && !item.webkitGetAsEntry?.()?.isDirectory && item.getAsFile();
    return file ? [file] : [];
  });
}

export function photosFromPaste(transfer: DataTransfer | null): NamedPhoto[] {
  return photosFromFiles([...(transfer?.files ?? [])].filter(isPicture));
}

/** What some systems have no type for, though it is read here. */
const UNTYPED = ['.heic', '.heif', '.hif', '.avif'] as const;
/** For file inputs: pictures of every kind that the system knows, and those that it may not know. */
export const PICTURES = ['image/*', ...UNTYPED].join();

function isPicture({ type, name }: File): boolean {
  const ending = name.toLowerCase();
  return type.startsWith('image/') || (type === '' && UNTYPED.some((one) => ending.endsWith(one)));
}

async function walk(folder: FileSystemDirectoryEntry): Promise<NamedPhoto[]> {
  const photos: NamedPhoto[] = [];
  for (const entry of await listFolder(folder)) {
    if (entry.isDirectory) {
      photos.push(...(await walk(entry as FileSystemDirectoryEntry)));
    } else {
      const file = await openEntry(entry as FileSystemFileEntry);
      if (isPicture(file)) photos.push(...photosFromFiles([file]));
    }
  }
  return photos;
}

/** `readEntries` gives at most 100 at a time and an empty list at the end. */
async function listFolder(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (batch.length === 0) break;
    all.push(...batch);
  }
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function openEntry(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, reject);
  });
}
