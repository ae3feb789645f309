// The import, download or export under way, and afterwards what became of it.
import { useEffect, useRef } from 'preact/hooks';
import type { Progress } from '../../progress.ts';
import { useApp, useWords } from '../app.ts';
import type { Format } from '../i18n/format.ts';
import { DeleteButton } from './delete-dialog.tsx';
import { jobText } from './job-text.ts';
import type { Job } from './jobs.ts';

/** How many collections are offered to be deleted for room. */
const OFFERED = 4;

export function JobView() {
  const { jobs } = useApp();
  const job = jobs.job.value;
  return job && <Under job={job} />;
}

function Under({ job }: { readonly job: Job }) {
  const { jobs } = useApp();
  const { t, f } = useWords();
  const { job: texts } = t.collections;
  const box = useRef<HTMLDivElement>(null);
  const running = job.at === 'running';
  const progress = running ? job.progress : null;
  const source = job.at === 'failed' ? job.source : null;

  // What started it may lie further down.
  useEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), [job.at]);

  return (
    <div ref={box} class="lesson" data-testid="collection-job" data-state={job.at}>
      <div class="lesson__head">
        <p
          id="job-said"
          class={job.at === 'failed' ? 'keeping__said lesson__failure' : 'keeping__said'}
        >
          {jobText(job, t, f)}
        </p>
        {progress && <p class="lesson__tally">{howFar(progress, f)}</p>}
        {source?.kind === 'address' && (
          <button
            type="button"
            class="button"
            data-testid="job-retry"
            onClick={() => void jobs.install(source.url, job.name)}
          >
            {texts.retry}
          </button>
        )}
        <button
          type="button"
          class="button button--quiet"
          data-testid={running ? 'job-stop' : 'job-dismiss'}
          onClick={() => (running ? jobs.stop() : jobs.dismiss())}
        >
          {running ? texts.stop : texts.dismiss}
        </button>
      </div>
      {running && (
        <progress
          class="lesson__bar"
          aria-labelledby="job-said"
          {...(progress && progress.total > 0 ? { max: progress.total, value: progress.done } : {})}
        />
      )}
      {job.at === 'failed' && job.error.code === 'storage-full' && <Room />}
      {job.at === 'failed' && job.error.code !== 'aborted' && (
        <details class="keeping__detail">
          <summary>{t.recognize.errorDetail}</summary>
          <p>
            <code>{job.error.code}</code> <span lang="en">{job.error.message}</span>
          </p>
        </details>
      )}
    </div>
  );
}

/** What can be deleted to make room, largest first. */
export function Room() {
  const { engine } = useApp();
  const { t, f } = useWords();
  const large = engine.collections.list.value
    .filter(({ origin }) => origin !== 'taught')
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, OFFERED);
  if (large.length === 0) return null;
  return (
    <div data-testid="make-room">
      <p class="keeping__said">{t.collections.job.deleteFirst}</p>
      <ul class="room">
        {large.map((one) => (
          <li key={one.name} class="room__item">
            <span>
              {one.name} ({f.bytes(one.bytes)})
            </span>
            <DeleteButton collection={one} />
          </li>
        ))}
      </ul>
    </div>
  );
}

export function howFar({ done, total, unit }: Progress, f: Format): string {
  return unit === 'bytes' ? f.bytesOf(done, total) : `${f.count(done)} / ${f.count(total)}`;
}
