// What became of an export or import, in words: for the panel and for screen readers alike.
import type { Format } from '../i18n/format.ts';
import type { Messages } from '../i18n/messages.ts';
import type { Transfer } from './transfer.ts';

export function transferText(transfer: Transfer, t: Messages, f: Format): string {
  const { keeping } = t.teach;
  switch (transfer.at) {
    case 'running':
      return transfer.what === 'export' ? keeping.exporting : keeping.importing;
    case 'exported':
      return keeping.exported(transfer.file, f.bytes(transfer.bytes));
    case 'imported': {
      const { landmarks, photos, leftOut } = transfer.imported;
      return [
        photos > 0
          ? keeping.imported(photos, f.count(photos), landmarks, f.count(landmarks))
          : keeping.importedNone,
        leftOut > 0 ? keeping.leftOut(leftOut, f.count(leftOut)) : '',
      ]
        .join(' ')
        .trim();
    }
    case 'failed':
      return failureText(transfer, t, f);
  }
}

function failureText(
  { what, error, room }: Extract<Transfer, { at: 'failed' }>,
  t: Messages,
  f: Format,
): string {
  const { keeping } = t.teach;
  const { code } = error;
  if (code === 'aborted') return keeping.stopped;
  if (what === 'import' && (code === 'collection-invalid' || code === 'hash-mismatch')) {
    return keeping.damaged;
  }
  if (what === 'import' && code === 'collection-mismatch') return keeping.otherFile;
  const { what: happened, remedy } = t.errors[code];
  const figures = room
    ? room.left === null
      ? keeping.needs(f.bytes(room.needed))
      : keeping.needsOf(f.bytes(room.needed), f.bytes(room.left))
    : '';
  const lead = what === 'export' ? keeping.exportFailed : keeping.importFailed;
  return [lead, happened, figures, remedy].filter((part) => part !== '').join(' ');
}
