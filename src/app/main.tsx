// Starts the page: creates the engine, wires the app and renders the shell into #app.
import { render } from 'preact';
import { ensureIsolation } from '../bridge/isolation.ts';
import { AppContext, createApp } from './app.ts';
import { createEngine } from './browser-engine.ts';
import { Shell } from './shell/shell.tsx';

const root = document.getElementById('app');
if (!root) throw new Error('index.html has no element with the id "app".');

// On a host that sends no isolation headers the page loads anew once, with threads for WASM.
if ((await ensureIsolation()) !== 'reloading') {
  render(
    <AppContext.Provider value={createApp(createEngine())}>
      <Shell />
    </AppContext.Provider>,
    root,
  );
}
