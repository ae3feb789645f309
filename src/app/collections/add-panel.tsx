// Ways for a collection to come in: a file, or an address; and downloads that were cut.
import { useSignal } from '@preact/signals';
import type { TargetedEvent } from 'preact';
import { CONTAINER_ENDING } from '../../retrieval/container.ts';
import { useApp, useWords } from '../app.ts';
import { useAct } from '../shell/use-act.ts';
import { type Address, pagePolicy, readAddress } from './address.ts';

/** Why an address cannot be asked. */
export type Refusal = Extract<Address, { fit: false }>;

export function AddPanel() {
  const { jobs } = useApp();
  const { t } = useWords();
  const texts = t.collections;

  function picked(event: TargetedEvent<HTMLInputElement>) {
    const input = event.currentTarget;
    const file = input.files?.[0];
    // Before it is cleared, so that picking the same file again is a change.
    if (file) void jobs.import(file, file.name);
    input.value = '';
  }

  return (
    <section class="collections__part" aria-labelledby="collections-add-title">
      <h2 id="collections-add-title">{texts.addTitle}</h2>
      <div class="adding">
        <div class="adding__way">
          <span class="pick">
            <input
              id="collection-import"
              class="unseen"
              type="file"
              accept={CONTAINER_ENDING}
              aria-describedby="collection-import-hint"
              data-testid="collection-import"
              onChange={picked}
            />
            <label class="button" for="collection-import">
              {texts.import}
            </label>
          </span>
          <p class="field__hint" id="collection-import-hint">
            {texts.importHint}
          </p>
        </div>
        <AddressForm />
      </div>
    </section>
  );
}

function AddressForm() {
  const { jobs, announcer } = useApp();
  const { t } = useWords();
  const texts = t.collections;
  const text = useSignal('');
  const refused = useSignal<Refusal | null>(null);

  function submit(event: Event) {
    event.preventDefault();
    const address = readAddress(text.value, location.href, pagePolicy());
    refused.value = address.fit ? null : address;
    if (address.fit) void jobs.look(address.url);
    else {
      announcer.say(refusalText(address, texts.refusals));
      document.getElementById('collection-address')?.focus();
    }
  }

  return (
    <form class="adding__way field" onSubmit={submit} noValidate>
      <label class="field__label" for="collection-address">
        {texts.addressLabel}
      </label>
      <div class="adding__address">
        <input
          id="collection-address"
          type="url"
          inputMode="url"
          autocomplete="off"
          spellcheck={false}
          aria-describedby="collection-address-hint"
          aria-invalid={refused.value !== null}
          data-testid="collection-address"
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
          }}
        />
        <button type="submit" class="button" data-testid="collection-look">
          {texts.look}
        </button>
      </div>
      <p class="field__hint" id="collection-address-hint" data-testid="collection-address-hint">
        {refused.value ? refusalText(refused.value, texts.refusals) : texts.addressHint}
      </p>
    </form>
  );
}

export function refusalText(
  { why, origin }: Refusal,
  refusals: ReturnType<typeof useWords>['t']['collections']['refusals'],
): string {
  return why === 'forbidden' ? refusals.forbidden(origin) : refusals[why];
}

export function UnfinishedList() {
  const { engine, jobs } = useApp();
  const { t, f } = useWords();
  const act = useAct();
  const texts = t.collections;
  const running = jobs.job.value?.at === 'running';
  const unfinished = engine.collections.unfinished.value;
  if (unfinished.length === 0 || running) return null;
  return (
    <section class="collections__part" aria-labelledby="unfinished-title">
      <h2 id="unfinished-title">{texts.unfinishedTitle}</h2>
      <ul class="room">
        {unfinished.map(({ url, name, done, total }) => (
          <li key={url} class="room__item" data-testid="unfinished">
            <span>{texts.unfinished(name, f.bytesOf(done, total))}</span>
            <span class="room__actions">
              <button
                type="button"
                class="button"
                aria-label={texts.goOnName(name)}
                data-testid="unfinished-go-on"
                onClick={() => void jobs.install(url, name)}
              >
                {texts.goOn}
              </button>
              <button
                type="button"
                class="button button--quiet"
                aria-label={texts.discardName(name)}
                data-testid="unfinished-discard"
                onClick={() =>
                  void act(
                    () => engine.collections.forget(url),
                    texts.discarded(name),
                    'collections-add-title',
                  )
                }
              >
                {texts.discard}
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
