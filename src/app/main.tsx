// Starts the page: creates the engine, wires the app and renders the shell into #app.
import { render } from 'preact';
import { ensureIsolation } from '../bridge/isolation.ts';
import { AppContext, createApp } from './app.ts';
import { createEngine } from './browser-engine.ts';
import { loadMessages, otherLanguage } from './i18n/messages.ts';
import { createSettings, type Settings, startLanguage } from './shell/settings.ts';
import { Shell } from './shell/shell.tsx';
import { trustOwnScripts } from './trusted-scripts.ts';

const root = document.getElementById('app');
if (!root) throw new Error('index.html has no element with the id "app".');

/** For a page that has no texts. */
const NO_TEXTS =
  'A part of this page could not be fetched: load it anew. 页面的一部分未能加载，请重新加载。';

trustOwnScripts();
// On a host that sends no isolation headers the page loads anew once, with threads for WASM.
if ((await ensureIsolation()) !== 'reloading') {
  const settings = await settingsOfStart();
  if (!settings) root.textContent = NO_TEXTS;
  else
    render(
      <AppContext.Provider value={createApp(createEngine(), settings)}>
        <Shell />
      </AppContext.Provider>,
      root,
    );
}

/** In the language wanted, else in the other; null where no texts can be fetched. */
async function settingsOfStart(): Promise<Settings | null> {
  const wanted = startLanguage();
  for (const language of [wanted, otherLanguage(wanted)]) {
    const texts = await loadMessages(language).catch(() => null);
    if (texts) return createSettings(language, texts);
  }
  return null;
}
