// Addresses of collections as users give them, and whether this page may ask there.

export type Address =
  /** Absolute, of a collection.json. */
  | { readonly fit: true; readonly url: string }
  /** `container`: of a .cairn file; `forbidden`: this page's own rules do not let it ask there. */
  | {
      readonly fit: false;
      readonly why: 'none' | 'container' | 'forbidden';
      readonly origin: string;
    };

/** What may be asked beside the page's own origin, by a Content-Security-Policy. */
export function allowedOrigins(policy: string): string[] {
  const directive = policy.split(';').find((one) => one.trim().startsWith('connect-src '));
  return (
    directive
      ?.trim()
      .split(/\s+/)
      .slice(1)
      .filter((one) => one.includes('://')) ?? []
  );
}

/** The policy in force; empty where the page has none. */
export function pagePolicy(): string {
  const meta = document.querySelector<HTMLMetaElement>(
    'meta[http-equiv="Content-Security-Policy"]',
  );
  return meta?.content ?? '';
}

/** Whether the page may contact an origin; parameters as of {@link readAddress}. */
export function mayAsk(origin: string, page: string, policy: string): boolean {
  return (
    policy === '' || origin === new URL(page).origin || allowedOrigins(policy).includes(origin)
  );
}

/**
 * The address of a collection.json out of what was typed, or came with a link. A folder's address leads to the
 * file in it; without a scheme, a path means this host and a name another one.
 * @param page address of the page
 * @param policy its Content-Security-Policy; an empty one forbids nothing
 */
export function readAddress(text: string, page: string, policy: string): Address {
  const url = parse(text.trim(), page);
  if (!url || !/^https?:$/.test(url.protocol)) return { fit: false, why: 'none', origin: '' };
  const { origin } = url;
  if (/\.cairn$/i.test(url.pathname)) return { fit: false, why: 'container', origin };
  if (!mayAsk(origin, page, policy)) return { fit: false, why: 'forbidden', origin };
  url.hash = '';
  if (!/\.json$/i.test(url.pathname)) {
    url.pathname = `${url.pathname.replace(/\/$/, '')}/collection.json`;
  }
  return { fit: true, url: url.href };
}

function parse(text: string, page: string): URL | null {
  if (text === '' || /\s/.test(text)) return null;
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  try {
    if (scheme) return new URL(text);
    if (/^\.{0,2}\//.test(text)) return new URL(text, page);
    return text.includes('.') ? new URL(`https://${text}`) : null;
  } catch {
    return null;
  }
}
