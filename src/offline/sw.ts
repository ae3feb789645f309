// The service worker's entry: bundled into sw.js by scripts/shell-worker.ts, with the list of its build.
import type { ToWorker } from './messages.ts';
import type { ShellList } from './shell-list.ts';
import { ShellWorker } from './shell-worker.ts';
import type { WorkerScope } from './worker-scope.ts';

/** The first line of sw.js. */
declare const CAIRN_SHELL: ShellList;

const scope = self as unknown as WorkerScope; // the page's types stand for it here: see worker-scope.ts
const worker = new ShellWorker(scope, CAIRN_SHELL);

scope.addEventListener('install', (event) => event.waitUntil(worker.install()));
scope.addEventListener('activate', (event) => event.waitUntil(worker.activate()));
scope.addEventListener('fetch', (event) => {
  const answer = worker.answer(event);
  if (answer) event.respondWith(answer);
});
scope.addEventListener('message', (event) => {
  const message = event.data as ToWorker;
  if (message.type === 'activate') event.waitUntil(scope.skipWaiting());
  if (message.type === 'fill') {
    const [port] = event.ports;
    event.waitUntil(worker.fill(message.gpu).then((reply) => port?.postMessage(reply)));
  }
});
