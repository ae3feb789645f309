// What Cairn is, what becomes of the photos, how it decides, and what this device is doing.
import { useWords } from '../app.ts';
import { DiagnosticsPanel } from './diagnostics-panel.tsx';

export function AboutPlace() {
  const { t } = useWords();
  return (
    <div class="about">
      <section class="about__words" aria-labelledby="about-title">
        <h1 id="about-title" class="place__title" tabIndex={-1}>
          {t.about.title}
        </h1>
        <p class="place__lead">{t.about.lead}</p>
        <h2>{t.about.privacyTitle}</h2>
        <p>{t.about.privacy}</p>
        <h2>{t.about.howTitle}</h2>
        <p>{t.about.how}</p>
        <h2>{t.about.limitsTitle}</h2>
        <p>{t.about.limits}</p>
        <p class="fine">{t.about.licence}</p>
      </section>
      <DiagnosticsPanel />
    </div>
  );
}
