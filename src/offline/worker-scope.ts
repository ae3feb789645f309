// The part of a service worker's global scope that ours uses. TypeScript's own "webworker" types cannot
// stand beside the page's in one program.

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

export interface FetchEventLike extends ExtendableEvent {
  readonly request: Request;
  /** Of the page or worker that asks; empty for a navigation. */
  readonly clientId: string;
  /** Of the page or worker that the answer becomes; empty for anything else. */
  readonly resultingClientId: string;
  respondWith(answer: Promise<Response>): void;
}

export interface MessageEventLike extends ExtendableEvent {
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
}

interface ClientLike {
  readonly id: string;
}

export interface WorkerScope {
  readonly caches: CacheStorage;
  readonly navigator: Navigator;
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: {
      type: 'window';
      includeUncontrolled: true;
    }): Promise<readonly ClientLike[]>;
  };
  readonly fetch: typeof fetch;
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', handle: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'fetch', handle: (event: FetchEventLike) => void): void;
  addEventListener(type: 'message', handle: (event: MessageEventLike) => void): void;
}
