// Which addresses may become scripts of the page: its own. index.html's policy lets no other text become code or markup
// (Trusted Types, W3C), and the browser asks here for each address that a worker is started from.

/** Just what is used of `trustedTypes`, which the DOM's types lack. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string | null }): unknown;
}

/** Before the first worker. Browsers without trusted types need none. */
export function trustOwnScripts(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  trustedTypes?.createPolicy('default', {
    createScriptURL: (url) => (isOwnScript(url, document.baseURI) ? url : null),
  });
}

/** @param page address of the page, absolute */
export function isOwnScript(url: string, page: string): boolean {
  if (!URL.canParse(url, page)) return false;
  const { origin, protocol } = new URL(url, page);
  return origin === new URL(page).origin && /^https?:$/.test(protocol);
}
