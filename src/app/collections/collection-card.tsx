// One installed collection: what it is, whether it is searched, and what can be done with it.
import { useApp, useWords } from '../app.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { placeHref, shareHref } from '../shell/router.ts';
import { useAct } from '../shell/use-act.ts';
import type { ListedCollection } from './collections.ts';
import { DamageNote } from './damage-note.tsx';
import { DeleteButton } from './delete-dialog.tsx';

export function CollectionCard({ collection }: { readonly collection: ListedCollection }) {
  const { t, f } = useWords();
  const texts = t.collections;
  const { name, origin, landmarks, photos, bytes, installed, state } = collection;
  const failed = state.at === 'failed';
  return (
    <li
      class="collection"
      data-testid="collection"
      data-name={name}
      data-origin={origin}
      data-state={state.at}
    >
      <article aria-labelledby={`collection-${name}`}>
        <header class="collection__head">
          <div>
            <h3 id={`collection-${name}`} class="collection__name">
              {name}
            </h3>
            <p class="collection__facts">
              <span>{texts.facts(landmarks, f.count(landmarks), photos, f.count(photos))}</span>
              <span>{f.bytes(bytes)}</span>
              <span>{texts.since(f.date(installed))}</span>
              <span>{texts.origins[origin]}</span>
            </p>
          </div>
          {origin === 'taught' ? (
            failed && <span>{texts.states.failed}</span>
          ) : (
            <SearchSwitch collection={collection} />
          )}
        </header>
        {failed && <DamageNote collection={collection} problem={state} />}
        {origin !== 'taught' && <Source collection={collection} />}
        <Actions collection={collection} />
      </article>
    </li>
  );
}

function SearchSwitch({ collection }: { readonly collection: ListedCollection }) {
  const { engine } = useApp();
  const { t } = useWords();
  const act = useAct();
  const texts = t.collections;
  const { name, state } = collection;
  const on = state.at !== 'off';
  return (
    <div class="collection__search">
      <span class="collection__state">{texts.states[state.at]}</span>
      <button
        type="button"
        role="switch"
        class="switch"
        aria-checked={on}
        aria-label={texts.searchName(name)}
        title={texts.search}
        data-testid="collection-switch"
        onClick={() =>
          void act(
            () => engine.collections.turn(name, !on),
            on ? texts.turnedOff(name) : texts.turnedOn(name),
          )
        }
      >
        <span class="switch__knob" aria-hidden="true" />
      </button>
    </div>
  );
}

function Source({ collection }: { readonly collection: ListedCollection }) {
  const { t } = useWords();
  const texts = t.collections;
  const { name, licence, attribution, url } = collection;
  if (licence === '' && url === null) return null;
  return (
    <details class="collection__source">
      <summary aria-label={texts.aboutName(name)}>{texts.about}</summary>
      <dl class="ask__facts">
        {licence !== '' && (
          <>
            <dt>{texts.licence}</dt>
            <dd>{licence}</dd>
          </>
        )}
        {attribution !== '' && (
          <>
            <dt>{texts.attribution}</dt>
            <dd class="collection__attribution">{attribution}</dd>
          </>
        )}
        {url !== null && (
          <>
            <dt>{texts.address}</dt>
            <dd>
              <code>{url}</code>
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}

function Actions({ collection }: { readonly collection: ListedCollection }) {
  const { jobs } = useApp();
  const { t } = useWords();
  const texts = t.collections;
  const { name, origin, url, state } = collection;
  if (origin === 'taught') {
    return (
      <div class="taught__actions">
        <a class="button button--quiet" href={placeHref('teach')}>
          {texts.teachHere}
        </a>
        {state.at === 'failed' && <DeleteButton collection={collection} />}
      </div>
    );
  }
  return (
    <div class="taught__actions">
      <button
        type="button"
        class="button button--quiet"
        aria-label={texts.exportName(name)}
        data-testid="collection-export"
        onClick={() => void jobs.export(name)}
      >
        {texts.export}
      </button>
      {url !== null && (
        <button
          type="button"
          class="button button--quiet"
          aria-label={texts.updateName(name)}
          data-testid="collection-update"
          onClick={() => void jobs.install(url, name)}
        >
          {texts.update}
        </button>
      )}
      {origin === 'address' && url !== null && (
        <CopyButton label={texts.share} text={() => shareHref(location.href, url)} />
      )}
      <DeleteButton collection={collection} />
    </div>
  );
}
