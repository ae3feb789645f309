// A static host as plain as they come: a folder under a sub-path, no headers of ours, 404 for the rest.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

export interface PlainServer {
  /** Ends with the sub-path and a slash. */
  readonly url: string;
  readonly notFound: readonly string[];
  /** What lies at the address from now on, as after an upload. */
  serve(folder: string): void;
  close(): Promise<void>;
}

export async function servePlainly(first: string, subPath: string): Promise<PlainServer> {
  const notFound: string[] = [];
  let folder = first;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const inside = pathname.startsWith(subPath) ? pathname.slice(subPath.length) : null;
    const file = inside === null ? null : join(folder, inside === '' ? 'index.html' : inside);
    const info = file?.startsWith(folder + sep) ? await stat(file).catch(() => null) : null;
    if (!file || !info?.isFile()) {
      notFound.push(pathname);
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': info.size });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${subPath}`,
    notFound,
    serve(other) {
      folder = other;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
