// What the walk does in the page. Each function is sent to a browser as its text: it may use nothing from around it.

export interface GivenFile {
  readonly name: string;
  readonly type: string;
  readonly base64: string;
}

/** One photo of the list. */
export interface SeenPhoto {
  readonly name: string;
  readonly state: string;
  readonly label: string | null;
  readonly error: string | null;
  /** As the page shows them, the most similar first. */
  readonly candidates: readonly string[];
}

/** Waits for an element, and for an attribute of it where one is named. Throws after `ms`. */
export async function appear(
  selector: string,
  attribute: readonly [name: string, values: readonly string[]] | null,
  ms: number,
): Promise<void> {
  const end = performance.now() + ms;
  const is = () => {
    const found = [...document.querySelectorAll(selector)];
    if (!attribute) return found.length > 0;
    const [name, values] = attribute;
    return found.length > 0 && found.every((one) => values.includes(one.getAttribute(name) ?? ''));
  };
  while (!is()) {
    if (performance.now() > end) {
      const now = document.querySelector(selector)?.outerHTML ?? 'nothing there';
      throw new Error(`${selector} ${attribute?.flat().join(' ') ?? ''}: ${now.slice(0, 300)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function press(testid: string): void {
  const button = document.querySelector<HTMLElement>(`[data-testid=${testid}]`);
  if (!button) throw new Error(`There is no ${testid}.`);
  button.click();
}

export function type(testid: string, text: string): void {
  const input = document.querySelector<HTMLInputElement>(`[data-testid=${testid}]`);
  if (!input) throw new Error(`There is no ${testid}.`);
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

/** As a choice of files comes to the page. */
export function give(testid: string, files: readonly GivenFile[]): void {
  const input = document.querySelector<HTMLInputElement>(`[data-testid=${testid}]`);
  if (!input) throw new Error(`There is no ${testid}.`);
  const chosen = new DataTransfer();
  for (const { name, type, base64 } of files) {
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    chosen.items.add(new File([bytes], name, { type }));
  }
  input.files = chosen.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

/** Null until all photos of the list are done or failed; then in the order of `names`. */
export function seenPhotos(names: readonly string[]): SeenPhoto[] | null {
  const items = [...document.querySelectorAll<HTMLElement>('[data-testid=photo-item]')];
  const over = items.filter(({ dataset }) => ['done', 'failed'].includes(dataset.state ?? ''));
  if (items.length !== names.length || over.length !== names.length) return null;
  return names.map((name) => {
    const item = items.find(({ textContent }) => textContent?.includes(name));
    if (!item) throw new Error(`${name} is not on the page.`);
    const { state = '', label = null, error = null } = item.dataset;
    const candidates = [...item.querySelectorAll('[data-testid=candidate]')].map((row) =>
      (row.textContent ?? '').trim(),
    );
    return { name, state, label, error, candidates };
  });
}

/** Errors that nobody has caught are kept from now on, until the page is loaded anew. */
export function watchErrors(): void {
  const seen: string[] = [];
  Object.assign(globalThis, { uncaught: seen });
  addEventListener('error', ({ message }) => {
    // Not an error: the next frame delivers what this one could not.
    if (!message.startsWith('ResizeObserver loop')) seen.push(message);
  });
  addEventListener('unhandledrejection', ({ reason }) => seen.push(`unhandled: ${reason}`));
}

/** What the page itself tells of: ids. */
export function notices(): string[] {
  return [...document.querySelectorAll<HTMLElement>('[data-testid=notice]')].map(
    ({ dataset }) => dataset.id ?? '',
  );
}

export function uncaughtErrors(): string[] {
  return (globalThis as unknown as { uncaught: string[] }).uncaught;
}

/** What of the platform this browser has. */
export function platform(): Record<string, boolean> {
  return {
    isolated: crossOriginIsolated,
    SharedArrayBuffer: 'SharedArrayBuffer' in globalThis,
    WebGPU: 'gpu' in navigator,
    OffscreenCanvas: 'OffscreenCanvas' in globalThis,
    WebCodecs: 'VideoFrame' in globalThis,
    'service worker': 'serviceWorker' in navigator,
    'Web Locks': 'locks' in navigator,
    'trusted types': 'trustedTypes' in globalThis,
    'file system': 'showDirectoryPicker' in globalThis,
    sharing: 'share' in navigator,
  };
}

export function textOf(selector: string): string {
  return document.querySelector(selector)?.textContent ?? '';
}
