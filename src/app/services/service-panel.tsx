// Services in the place Collections: what is agreed to, and a new one, which is asked for its description first.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { toPlainError } from '../../errors.ts';
import type { CollectionDescription } from '../../retrieval/description.ts';
import { hasPhotos } from '../../retrieval/labels.ts';
import { useApp, useWords } from '../app.ts';
import { mayAsk, pagePolicy } from '../collections/address.ts';
import { useAct } from '../shell/use-act.ts';
import type { ListedService } from './service-list.ts';

const TITLE = 'services-title';

export function ServicePanel() {
  const { engine } = useApp();
  const { t } = useWords();
  const list = engine.services.list.value;
  return (
    <section class="collections__part" aria-labelledby={TITLE} data-testid="services">
      <h2 id={TITLE} tabIndex={-1}>
        {t.services.title}
      </h2>
      <p class="field__hint">{t.services.lead}</p>
      {list.length > 0 && (
        <ul class="collections__list services__list">
          {list.map((service) => (
            <ServiceCard key={service.address} service={service} />
          ))}
        </ul>
      )}
      {list.length > 0 && engine.tuning.value?.active.value?.scope === 'head' && (
        <p class="field__hint">{t.services.throughHead}</p>
      )}
      <NewService />
    </section>
  );
}

function hostOf(address: string): string {
  return new URL(address).host;
}

function ServiceCard({ service }: { readonly service: ListedService }) {
  const { engine } = useApp();
  const { t } = useWords();
  const act = useAct();
  const { address, state } = service;
  const host = hostOf(address);
  const texts = t.services;
  const description = state.at === 'open' ? state.description : null;
  return (
    <li class="collection" data-testid="service" data-state={state.at}>
      <header class="collection__head">
        <div>
          <h3 class="collection__name">{description?.name ?? host}</h3>
          <p class="collection__facts">
            <span>{host}</span>
            {description && <Facts description={description} />}
            <span>
              {
                { open: texts.searched, opening: texts.opening, failed: texts.unreachable }[
                  state.at
                ]
              }
            </span>
          </p>
        </div>
      </header>
      {state.at === 'failed' && <p class="card__note">{t.errors[state.error.code].what}</p>}
      <div class="ask__actions">
        {state.at === 'failed' && (
          <button
            type="button"
            class="button"
            aria-label={texts.againName(host)}
            onClick={() => void engine.services.again(address)}
          >
            {texts.again}
          </button>
        )}
        <button
          type="button"
          class="button"
          aria-label={texts.removeName(host)}
          data-testid="service-remove"
          onClick={() =>
            void act(() => engine.services.remove(address), texts.removed(host), TITLE)
          }
        >
          {texts.remove}
        </button>
      </div>
    </li>
  );
}

function Facts({ description }: { readonly description: CollectionDescription }) {
  const { t, f } = useWords();
  const labels = description.labels.filter(hasPhotos);
  const photos = labels.reduce((sum, label) => sum + label.photos, 0);
  const { facts } = t.collections;
  return <span>{facts(labels.length, f.count(labels.length), photos, f.count(photos))}</span>;
}

function NewService() {
  const { engine, announcer } = useApp();
  const { t } = useWords();
  const texts = t.services;
  const text = useSignal('');
  const problem = useSignal<string | null>(null);
  const looking = useSignal(false);
  const offer = useSignal<ListedService | null>(null);

  async function submit(event: Event) {
    event.preventDefault();
    if (looking.value) return;
    const given = text.value.trim();
    const refused = refusal(given, texts);
    if (refused !== null) return tell(refused);
    problem.value = null;
    looking.value = true;
    announcer.say(texts.looking);
    try {
      offer.value = await engine.services.look(given);
    } catch (thrown) {
      const { what, remedy } = t.errors[toPlainError(thrown).code];
      tell(`${texts.failed(hostOf(given))} ${what} ${remedy}`);
    } finally {
      looking.value = false;
    }
  }

  function tell(what: string) {
    problem.value = what;
    announcer.say(what);
    document.getElementById('service-address')?.focus();
  }

  return (
    <form class="adding__way field" onSubmit={submit} noValidate>
      <label class="field__label" for="service-address">
        {texts.label}
      </label>
      <div class="adding__address">
        <input
          id="service-address"
          type="url"
          inputMode="url"
          autocomplete="off"
          spellcheck={false}
          aria-describedby="service-hint"
          aria-invalid={problem.value !== null}
          data-testid="service-address"
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
          }}
        />
        <button
          type="submit"
          class="button"
          aria-disabled={looking.value}
          data-testid="service-look"
        >
          {looking.value ? texts.looking : texts.look}
        </button>
      </div>
      <p class="field__hint" id="service-hint" data-testid="service-problem">
        {problem.value ?? texts.hint}
      </p>
      {offer.value && (
        <Agree
          offer={offer.value}
          onDone={() => {
            offer.value = null;
          }}
          onFailed={(host) => tell(texts.failed(host))}
        />
      )}
    </form>
  );
}

/** Why an address cannot be asked; null where it can. */
function refusal(text: string, texts: ReturnType<typeof useWords>['t']['services']): string | null {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) return texts.notAnAddress;
  const { origin } = new URL(text);
  return mayAsk(origin, location.href, pagePolicy()) ? null : texts.forbidden(origin);
}

interface AgreeProps {
  readonly offer: ListedService;
  readonly onDone: () => void;
  readonly onFailed: (host: string) => void;
}

function Agree({ offer, onDone, onFailed }: AgreeProps) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const act = useAct();
  const dialog = useRef<HTMLDialogElement>(null);
  const texts = t.services;
  const { address, state } = offer;
  const host = hostOf(address);
  useEffect(() => {
    const { current } = dialog;
    current?.showModal();
    return () => current?.close();
  }, []);
  if (state.at !== 'open') return null;
  const { name, dimension } = state.description;
  const landmarks = state.description.labels.filter(hasPhotos).length;
  return (
    <dialog
      ref={dialog}
      class="ask"
      aria-labelledby="service-question"
      data-testid="service-question"
      onClose={onDone}
    >
      <h2 id="service-question">{texts.askTitle(host)}</h2>
      <p>{texts.ask(name, landmarks, f.count(landmarks))}</p>
      <p>{texts.askSent(host, f.count(dimension))}</p>
      <div class="ask__actions">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {texts.cancel}
        </button>
        <button
          type="button"
          class="button button--accent"
          data-testid="service-agree"
          onClick={async () => {
            const done = await act(() => engine.services.agree(address), texts.agreed(name), TITLE);
            dialog.current?.close();
            if (!done) onFailed(host);
          }}
        >
          {texts.agree}
        </button>
      </div>
    </dialog>
  );
}
