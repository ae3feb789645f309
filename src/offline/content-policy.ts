// The Content-Security-Policy of the site: in the page itself, and with every file, for a worker has that of its script.
// Nothing may leave the device, and no text becomes code.

/** Environment variable of a build: origins that collections may be fetched from beside the site's own. */
export const CONNECT = 'CAIRN_CONNECT';

/**
 * Origins out of what {@link CONNECT} holds, with spaces between.
 * @throws Error for what is no origin: nothing may end the directive, and there are no wildcards
 */
export function connectOrigins(given: string): string[] {
  const origins = given.split(/\s+/).filter((origin) => origin !== '');
  for (const origin of origins) {
    if (!/^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d+)?$/.test(origin)) {
      throw new Error(`${CONNECT}: "${origin}" is no origin such as https://a.example`);
    }
  }
  return origins;
}

/** What both have. WASM is compiled from bytes, which some engines count as eval: it has a word of its own. */
function common(connect: readonly string[]): string[] {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    ["connect-src 'self'", ...connect].join(' '),
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ];
}

/**
 * For the page's `<meta>`, so that it holds on hosts that send no headers. The one policy of trusted types is
 * src/app/trusted-scripts.ts; libraries in workers start workers of their own and know of none.
 */
export function documentPolicy(connect: readonly string[]): string {
  return [...common(connect), "require-trusted-types-for 'script'", 'trusted-types default'].join(
    '; ',
  );
}

/** For the header of every answer. */
export function filePolicy(connect: readonly string[]): string {
  return [...common(connect), "frame-ancestors 'self'"].join('; ');
}
