// What fills the browser's storage, whether it is kept for good, and what of it nothing needs.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { useAct } from '../shell/use-act.ts';
import { STORAGE_PARTS, type StorageUse } from './storage-use.ts';

export function StoragePanel() {
  const { engine } = useApp();
  const { t, f } = useWords();
  const act = useAct();
  const texts = t.collections.storage;
  const { collections } = engine;
  const storage = collections.storage.value;
  const ready = engine.status.value.state;

  // Anew when the recognizer is ready: only then is it known what nothing needs.
  useEffect(() => {
    collections.measure().catch(() => undefined); // the panel goes on saying that it is measuring
  }, [collections, ready]);

  return (
    <section class="collections__part" aria-labelledby="storage-title" data-testid="storage">
      <h2 id="storage-title">{texts.title}</h2>
      {storage ? (
        <>
          <Parts storage={storage} />
          <p class="fine" data-testid="storage-used">
            {storage.used === null || storage.quota === null
              ? texts.unknown
              : texts.used(f.bytes(storage.used), f.bytes(storage.quota))}
          </p>
          {storage.parts.needless > 0 && (
            <button
              type="button"
              class="button"
              data-testid="storage-clear"
              onClick={() => void act(() => collections.clear(), texts.cleared, 'storage-title')}
            >
              {texts.clear}
            </button>
          )}
          <Keeping kept={storage.kept} />
        </>
      ) : (
        <p class="fine">{texts.waiting}</p>
      )}
    </section>
  );
}

function Parts({ storage }: { readonly storage: StorageUse }) {
  const { t, f } = useWords();
  const texts = t.collections.storage;
  const shown = STORAGE_PARTS.filter((part) => storage.parts[part] > 0);
  const total = shown.reduce((sum, part) => sum + storage.parts[part], 0);
  const facts = shown.map((part) => `${texts.parts[part]} ${f.bytes(storage.parts[part])}`);
  return (
    <>
      <div class="storage__bar" role="img" aria-label={texts.bar(facts.join(', '))}>
        {shown.map((part) => (
          <span
            key={part}
            class={`storage__share storage__share--${part}`}
            style={{ '--share': String(storage.parts[part] / total) }}
          />
        ))}
      </div>
      <ul class="storage__parts">
        {shown.map((part) => (
          <li key={part} data-testid="storage-part" data-part={part}>
            <span class={`storage__key storage__share--${part}`} aria-hidden="true" />
            {texts.parts[part]} <span class="storage__size">{f.bytes(storage.parts[part])}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Keeping({ kept }: { readonly kept: boolean | null }) {
  const { engine, announcer } = useApp();
  const { t } = useWords();
  const texts = t.collections.storage;
  const refused = useSignal(false);

  async function ask() {
    const agreed = await engine.collections.keep();
    refused.value = !agreed;
    announcer.say(agreed ? texts.agreed : texts.refused);
  }

  return (
    <div class="storage__kept" data-testid="storage-kept" data-kept={kept}>
      <p>{kept ? texts.kept : refused.value ? texts.refused : texts.mayGo}</p>
      {!kept && (
        <button type="button" class="button" data-testid="storage-ask" onClick={() => void ask()}>
          {texts.ask}
        </button>
      )}
    </div>
  );
}
