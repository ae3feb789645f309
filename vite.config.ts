// How the page is served and built: isolated for WASM threads, movable to any folder of any host.
import { createReadStream } from 'node:fs';
import { cp, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { type Connect, defaultClientConditions, defineConfig, type Plugin } from 'vite';
import { entriesApart } from './scripts/entries-apart.ts';
import { shellWorker } from './scripts/shell-worker.ts';
import { thirdPartyLicences } from './scripts/third-party-licences.ts';
import {
  CONNECT,
  connectOrigins,
  documentPolicy,
  filePolicy,
} from './src/offline/content-policy.ts';

const ROOT = import.meta.dirname;
/** Model files lie outside public/, so that Node finds them at the same place as the page. */
const MODELS = 'models';

/** What WASM threads need of every answer; also lets a page under this one be embedded nowhere. */
export const ISOLATION_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
};

/** Serves models/ in development and copies it into the build. A missing file is a 404. */
export function serveModels(): Plugin {
  let outDir = '';
  const serve: Connect.NextHandleFunction = async (request, response, next) => {
    const path = decodeURIComponent((request.url ?? '').replace(/[?#].*/, ''));
    const file = resolve(ROOT, MODELS, `.${path}`);
    const inside = file.startsWith(join(ROOT, MODELS) + sep);
    const info = inside ? await stat(file).catch(() => null) : null;
    if (!info?.isFile()) {
      response.statusCode = 404;
      response.end();
      return;
    }
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
    response.setHeader('Content-Length', info.size);
    createReadStream(file).on('error', next).pipe(response);
  };
  return {
    name: 'cairn-models',
    configResolved: (config) => {
      outDir = resolve(config.root, config.build.outDir);
    },
    configureServer: (server) => void server.middlewares.use(`/${MODELS}`, serve),
    writeBundle: () => cp(join(ROOT, MODELS), join(outDir, MODELS), { recursive: true }),
  };
}

/**
 * Vite leaves its headers out where it answers that nothing has changed (304), and WebKit then refuses a worker's script
 * whose copy it has.
 */
function headersAlways(headers: Readonly<Record<string, string>>): Plugin {
  return {
    name: 'cairn-headers-always',
    configurePreviewServer: ({ middlewares }) =>
      void middlewares.use((_, response, next) => {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        next();
      }),
  };
}

const CONNECT_ORIGINS = connectOrigins(process.env[CONNECT] ?? '');

/** Puts the policy before everything that it is to hold for. */
function contentPolicy(): Plugin {
  return {
    name: 'cairn-content-policy',
    // Vite's own client, in development, is not made for it.
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: {
          'http-equiv': 'Content-Security-Policy',
          content: documentPolicy(CONNECT_ORIGINS),
        },
        injectTo: 'head-prepend',
      },
    ],
  };
}

const PREVIEW_HEADERS = {
  ...ISOLATION_HEADERS,
  'Content-Security-Policy': filePolicy(CONNECT_ORIGINS),
};

const licences = thirdPartyLicences();

export default defineConfig({
  root: ROOT,
  // Relative addresses: the build works under any path.
  base: './',
  // No fall-back to index.html: an asset that is missing must be a 404, not a page.
  appType: 'mpa',
  plugins: [
    serveModels(),
    contentPolicy(),
    headersAlways(PREVIEW_HEADERS),
    licences.page,
    shellWorker(CONNECT_ORIGINS),
  ],
  resolve: {
    // onnxruntime-web then leaves its .wasm and .mjs to us (src/inference/browser-runtime.ts).
    conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions],
  },
  // These find files beside themselves, which pre-bundling would move.
  optimizeDeps: { exclude: ['onnxruntime-web', 'hnswlib-wasm'] },
  worker: { format: 'es', plugins: () => [...licences.workers(), entriesApart()] },
  build: {
    target: 'es2023',
    // WASM and weights as data: URLs would be larger and could not be compiled while streaming.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    // How long plugins took says nothing to somebody who starts Cairn.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: { port: 5173, host: '127.0.0.1', headers: ISOLATION_HEADERS },
  preview: { port: 5173, host: '127.0.0.1', headers: PREVIEW_HEADERS },
});
