// What Cairn is, what becomes of the photos, how it decides, and what this device is doing.
import { useWords } from '../app.ts';
import { OfflineNote } from '../offline/offline-note.tsx';
import { useServiceHosts } from '../services/use-service-hosts.ts';
import { DiagnosticsPanel } from './diagnostics-panel.tsx';

export function AboutPlace() {
  const { t } = useWords();
  const hosts = useServiceHosts();
  return (
    <div class="about">
      <section class="about__words" aria-labelledby="about-title">
        <h1 id="about-title" class="place__title" tabIndex={-1}>
          {t.about.title}
        </h1>
        <p class="place__lead">{t.about.lead}</p>
        <h2>{t.about.privacyTitle}</h2>
        <p>{t.about.privacy}</p>
        {hosts !== '' && <p>{t.services.aboutElsewhere(hosts)}</p>}
        <OfflineNote />
        <h2>{t.about.howTitle}</h2>
        <p>{t.about.how}</p>
        <h2>{t.about.limitsTitle}</h2>
        <p>{t.about.limits}</p>
        <p class="fine">{t.about.licence}</p>
        <p class="fine">{t.map.credit}</p>
      </section>
      <DiagnosticsPanel />
    </div>
  );
}
