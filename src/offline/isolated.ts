// The headers of cross-origin isolation, put on an answer for hosts that cannot send them.

/** Statuses that must not have a body, not even an empty one. */
const BODILESS = [101, 204, 205, 304];

/**
 * The same answer with the headers that WASM threads need, and `more`.
 * An answer without a status, or a redirect for the browser to follow, cannot be rewritten: it is given back.
 */
export function isolated(
  response: Response,
  more: Readonly<Record<string, string>> = {},
): Response {
  if (response.status === 0 || response.type === 'opaqueredirect') return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  // The body is here as it was before the host packed it.
  if (headers.has('Content-Encoding')) {
    headers.delete('Content-Encoding');
    headers.delete('Content-Length');
  }
  const { status, statusText } = response;
  const body = BODILESS.includes(status) ? null : response.body;
  return new Response(body, { status, statusText, headers });
}
