// Whether the page works without a network, and whether a newer version of it waits: the page's side of
// the service worker (src/offline).
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { FillReply, ToWorker } from '../../offline/messages.ts';
import { registerWorker } from '../../offline/register.ts';
import type { Engine } from '../engine.ts';

export type OfflineState =
  /** The browser, or the window, keeps no pages; or this is the development server. */
  | { readonly at: 'off' }
  | { readonly at: 'preparing' }
  /** `bytes` of the page's own files. */
  | { readonly at: 'kept'; readonly bytes: number }
  | { readonly at: 'no-room'; readonly bytes: number }
  | { readonly at: 'failed'; readonly why: string };

export interface OfflineParts {
  readonly engine: Pick<Engine, 'status' | 'preparing' | 'notices'>;
  readonly busy: ReadonlySignal<boolean>;
  /** All that is needed offline has just been kept for the first time. */
  readonly onKept: () => void;
  readonly onUpdate: () => void;
}

export interface Offline {
  readonly state: ReadonlySignal<OfflineState>;
  /** A newer version is kept and waits. */
  readonly update: ReadonlySignal<boolean>;
  readonly busy: ReadonlySignal<boolean>;
  /** Loads the page anew, with the newer version. Nothing happens while anything is under way. */
  switchOver(): void;
}

/** A page that stays open for days asks for a newer version when it is looked at again. */
const ASK_EVERY_MS = 60 * 60 * 1000;

/** @param site address of the root of the site */
export function createOffline(parts: OfflineParts, site: string | URL = document.baseURI): Offline {
  const { engine, busy, onKept, onUpdate } = parts;
  const able = import.meta.env.PROD && globalThis.isSecureContext && 'serviceWorker' in navigator;
  const shell = signal<OfflineState>({ at: able ? 'preparing' : 'off' });
  const fresh = signal(false);
  const waiting = signal<ServiceWorker | null>(null);
  const root = new URL('./', site).href;
  const watched = new WeakSet<ServiceWorkerRegistration>();

  function watch(registration: ServiceWorkerRegistration): void {
    if (watched.has(registration)) return;
    watched.add(registration);
    const look = () => {
      const had = waiting.peek();
      // Without a controller the page did not come from the older worker, and goes on as it is.
      waiting.value = navigator.serviceWorker.controller ? registration.waiting : null;
      if (waiting.peek() && !had) onUpdate();
    };
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', look);
    });
    registration.installing?.addEventListener('statechange', look);
    navigator.serviceWorker.addEventListener('controllerchange', look);
    look();
    let asked = performance.now();
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible' || performance.now() - asked < ASK_EVERY_MS)
        return;
      asked = performance.now();
      registration.update().catch(() => undefined); // offline, most likely
    });
  }

  async function fill(gpu: boolean): Promise<void> {
    shell.value = { at: 'preparing' };
    let registration: ServiceWorkerRegistration;
    try {
      registration = await registerWorker(root);
    } catch (thrown) {
      // Offline, a page that has a worker cannot ask for a newer one.
      const there = await registrationOf(root);
      if (!there) {
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        shell.value = { at: 'failed', why };
        return;
      }
      registration = there;
    }
    watch(registration);
    const reply = await askToFill(await activeWorker(registration), gpu);
    if (reply.type === 'kept') {
      fresh.value = reply.fresh;
      shell.value = { at: 'kept', bytes: reply.bytes };
    } else {
      shell.value =
        reply.type === 'failed'
          ? { at: 'failed', why: reply.why }
          : { at: 'no-room', bytes: reply.bytes };
    }
  }

  // Models that are not kept are not there offline, and neither is the matcher's before it has come.
  const state = computed<OfflineState>(() => {
    const lost = engine.notices.value.some(({ id }) => id === 'storage-unavailable');
    if (lost) return { at: 'off' };
    const late = shell.value.at === 'kept' && engine.preparing.value !== null;
    return late ? { at: 'preparing' } : shell.value;
  });

  if (able) {
    // At once: a version that cannot start must not keep a newer one from being found.
    void registrationOf(root).then((there) => there && watch(there));
    let gpu: boolean | null = null;
    effect(() => {
      const status = engine.status.value;
      // After models and collection, which the user waits for.
      if (status.state !== 'ready' || gpu !== null) return;
      gpu = status.encoder.backend.backend === 'webgpu';
      void fill(gpu);
    });
    addEventListener('online', () => {
      if (gpu !== null && shell.peek().at === 'failed') void fill(gpu);
    });
    effect(() => {
      if (state.value.at !== 'kept' || !fresh.value) return;
      fresh.value = false;
      onKept();
    });
  }

  return {
    state,
    update: computed(() => waiting.value !== null),
    busy,
    switchOver() {
      const next = waiting.peek();
      if (!next || busy.peek()) return;
      const reload = () => location.reload();
      navigator.serviceWorker.addEventListener('controllerchange', reload, { once: true });
      next.postMessage({ type: 'activate' } satisfies ToWorker);
    },
  };
}

/** Of exactly this site: one of a folder above may be responsible for it as well. */
async function registrationOf(root: string): Promise<ServiceWorkerRegistration | null> {
  const there = await navigator.serviceWorker.getRegistration(root).catch(() => undefined);
  return there?.scope === root ? there : null;
}

function activeWorker(registration: ServiceWorkerRegistration): Promise<ServiceWorker> {
  return new Promise((resolve) => {
    const { active } = registration;
    if (active) {
      resolve(active);
      return;
    }
    const next = registration.installing ?? registration.waiting;
    next?.addEventListener('statechange', () => {
      if (next.state === 'activated') resolve(next);
    });
  });
}

function askToFill(worker: ServiceWorker, gpu: boolean): Promise<FillReply> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<FillReply>) => {
      port1.close();
      resolve(data);
    };
    worker.postMessage({ type: 'fill', gpu } satisfies ToWorker, [port2]);
  });
}
