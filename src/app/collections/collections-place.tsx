// The place where collections come and go, and, as its second part, the list of all landmarks.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { LandmarkList } from '../landmarks/landmark-list.tsx';
import { ServicePanel } from '../services/service-panel.tsx';
import { LANDMARKS_HREF, placeHref } from '../shell/router.ts';
import { AddPanel, type Refusal, refusalText, UnfinishedList } from './add-panel.tsx';
import { pagePolicy, readAddress } from './address.ts';
import { CollectionCard } from './collection-card.tsx';
import { LIST_TITLE } from './delete-dialog.tsx';
import { JobView } from './job-view.tsx';
import { QuestionDialog } from './question-dialog.tsx';
import { StoragePanel } from './storage-panel.tsx';

export function CollectionsPlace() {
  const { router } = useApp();
  const { t } = useWords();
  const { landmarks } = router.route.value;
  return (
    <section aria-labelledby="collections-title">
      <h1 id="collections-title" class="place__title" tabIndex={-1}>
        {t.collections.title}
      </h1>
      <p class="place__lead">{t.collections.lead}</p>
      <nav class="tabs" aria-label={t.collections.tabs}>
        <a
          class="nav__link"
          href={placeHref('collections')}
          data-testid="tab-installed"
          aria-current={landmarks ? undefined : 'page'}
        >
          {t.collections.installed}
        </a>
        <a
          class="nav__link"
          href={LANDMARKS_HREF}
          data-testid="nav-landmarks"
          aria-current={landmarks ? 'page' : undefined}
        >
          {t.collections.landmarksTab}
        </a>
      </nav>
      {landmarks ? <LandmarkList /> : <Installed />}
      <QuestionDialog />
    </section>
  );
}

function Installed() {
  const { engine, jobs, router, announcer } = useApp();
  const { t } = useWords();
  const texts = t.collections;
  const list = engine.collections.list.value;
  const given = router.route.value.query.get('add');
  const refused = useSignal<Refusal | null>(null);

  // A link from elsewhere; what lies at its address is not asked for yet.
  useEffect(() => {
    if (given === null) return;
    const address = readAddress(given, location.href, pagePolicy());
    if (address.fit) jobs.askAbout(address.url);
    else {
      refused.value = address;
      announcer.say(refusalText(address, texts.refusals));
    }
    router.clearQuery();
  }, [given, jobs, router, announcer, refused, texts]);

  return (
    <div class="collections">
      <JobView />
      {refused.value && (
        <p class="lesson" data-testid="link-refused">
          {refusalText(refused.value, texts.refusals)}
        </p>
      )}
      <section aria-labelledby={LIST_TITLE}>
        <h2 id={LIST_TITLE} class="unseen" tabIndex={-1}>
          {texts.listTitle}
        </h2>
        {list.length === 0 && engine.status.value.state === 'ready' && (
          <p class="place__note">{texts.none}</p>
        )}
        <ul class="collections__list">
          {list.map((collection) => (
            <CollectionCard key={collection.name} collection={collection} />
          ))}
        </ul>
        <FetchDefault />
      </section>
      <UnfinishedList />
      <AddPanel />
      <ServicePanel />
      <StoragePanel />
    </div>
  );
}

function FetchDefault() {
  const { engine, jobs } = useApp();
  const { t } = useWords();
  const texts = t.collections;
  const { defaultMissing, defaultUrl } = engine.collections;
  if (!defaultMissing.value) return null;
  return (
    <div class="collection collection--missing" data-testid="default-missing">
      <p>
        <b>{texts.defaultTitle}</b> {texts.defaultGone}
      </p>
      <button
        type="button"
        class="button"
        data-testid="default-fetch"
        onClick={() => void jobs.install(defaultUrl, texts.defaultTitle)}
      >
        {texts.fetch}
      </button>
    </div>
  );
}
