// Starts the page: creates the engine, wires the app and renders the shell into #app.
import { render } from 'preact';
import { ensureIsolation } from '../bridge/isolation.ts';
import { AppContext, createApp } from './app.ts';
import { createEngine } from './browser-engine.ts';
import { loadMessages } from './i18n/messages.ts';
import { createSettings, startLanguage } from './shell/settings.ts';
import { Shell } from './shell/shell.tsx';
import { trustOwnScripts } from './trusted-scripts.ts';

const root = document.getElementById('app');
if (!root) throw new Error('index.html has no element with the id "app".');

trustOwnScripts();
// On a host that sends no isolation headers the page loads anew once, with threads for WASM.
if ((await ensureIsolation()) !== 'reloading') {
  const language = startLanguage();
  const settings = createSettings(language, await loadMessages(language));
  render(
    <AppContext.Provider value={createApp(createEngine(), settings)}>
      <Shell />
    </AppContext.Provider>,
    root,
  );
}
