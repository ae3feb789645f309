// What became of an import, a download or an export, in words: for the page and for screen readers alike.
import type { Format } from '../i18n/format.ts';
import type { Messages } from '../i18n/messages.ts';
import type { Job } from './jobs.ts';

export function jobText(job: Job, t: Messages, f: Format): string {
  const { job: texts } = t.collections;
  switch (job.at) {
    case 'running':
      return job.waiting ? texts.waiting : texts[job.task](job.name);
    case 'done':
      if (job.file !== null) return texts.exported(job.file, f.bytes(job.bytes));
      return job.same ? texts.here(job.name) : texts.imported(job.name);
    case 'failed':
      return failureText(job, t, f);
  }
}

function failureText(
  { task, name, error, room, source }: Extract<Job, { at: 'failed' }>,
  t: Messages,
  f: Format,
): string {
  const { job: texts } = t.collections;
  const { code } = error;
  if (code === 'aborted') return task === 'install' ? texts.stoppedDownload : texts.stopped;
  const lead = {
    import: texts.importFailed,
    install: texts.installFailed,
    export: texts.exportFailed,
  }[task](name);
  const figures =
    room === null || room.needed === 0
      ? ''
      : room.left === null
        ? texts.needs(f.bytes(room.needed))
        : texts.needsOf(f.bytes(room.needed), f.bytes(room.left));
  const { what, remedy } = t.errors[code];
  const foreign = source?.kind === 'address' && new URL(source.url).origin !== location.origin;
  const why = {
    'collection-mismatch': [texts.otherModel],
    usage: [texts.taught],
    ...(task === 'import'
      ? { 'collection-invalid': [texts.damaged], 'hash-mismatch': [texts.damaged] }
      : {}),
    ...(foreign ? { 'download-failed': [what, texts.crossOrigin, remedy] } : {}),
  }[code as string] ?? [what, figures, remedy];
  return [lead, ...why].filter((part) => part !== '').join(' ');
}
