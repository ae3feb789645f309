// What the page's rules forbid, tried: in the page and in each of its workers. Nothing reaches another origin, no text
// becomes code or markup, and everything that Cairn does goes on working under them.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, scenePng } from './harness/drawn-site.ts';
import { openReady, READY_MS, recognise, upload } from './harness/visitor.ts';

let browser: Browser;
let context: BrowserContext;
/** Another origin, which lets everybody ask, and notes who did. */
let elsewhere: Server;
let address: string;
const visits: string[] = [];
beforeAll(async () => {
  browser = await launch();
  elsewhere = createServer((request, response) => {
    visits.push(request.url ?? '');
    response.writeHead(200, {
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'Content-Type': 'text/javascript',
    });
    response.end('globalThis.stolen = true;');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => elsewhere.close(resolve));
});
beforeEach(async () => {
  visits.length = 0;
  context = await browser.newContext({ locale: 'en-GB' });
});
afterEach(() => context.close());

/** Ways to reach another origin that page and workers share. */
async function reach(url: string): Promise<string[]> {
  const tried: Record<string, () => Promise<unknown>> = {
    fetch: () => fetch(`${url}/fetch`, { method: 'POST', body: 'photo' }),
    'fetch without cors': () => fetch(`${url}/no-cors`, { mode: 'no-cors' }),
    socket: () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url.replace('http', 'ws'));
        socket.onopen = resolve;
        socket.onerror = reject;
      }),
    compile: async () => new Function('return 1')(),
  };
  const passed: string[] = [];
  for (const [name, attempt] of Object.entries(tried)) {
    await attempt().then(
      () => passed.push(name),
      () => undefined,
    );
  }
  return passed;
}

describe('another origin', () => {
  test('is reached from no worker, and no text is compiled there', async () => {
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    await recognise(page, [upload('scene.png', await scenePng(0, 7))]);
    // onnxruntime's own threads wait for work without ever looking up.
    const ours = () =>
      page.workers().filter((worker) => /\/(encoder|index|matcher)-/.test(worker.url()));
    await expect.poll(() => ours().length, { timeout: READY_MS }).toBeGreaterThanOrEqual(3);
    const passed = await Promise.all(ours().map((worker) => worker.evaluate(reach, address)));
    expect(passed.flat()).toEqual([]);
    expect(visits).toEqual([]);
  });

  test('is reached from the page by no way, and no text becomes code or markup', async () => {
    const { page } = await openReady(context, `${DRAWN_SITE}/`);
    expect(await page.evaluate(reach, address)).toEqual([]);
    const passed = await page.evaluate(async (url) => {
      const tried: Record<string, () => unknown> = {
        worker: () => new Worker(`${url}/worker.js`),
        'worker of a blob': () => new Worker(URL.createObjectURL(new Blob(['self.x = 1']))),
        'worker of data': () => new Worker('data:text/javascript,self.x=1'),
        'service worker': () => navigator.serviceWorker.register(`${url}/sw.js`),
        markup: () => {
          document.body.insertAdjacentHTML('beforeend', '<b id="injected">x</b>');
        },
        'inner markup': () => {
          document.createElement('p').innerHTML = '<img src=x onerror="globalThis.stolen = true">';
        },
        'text of a script': () => {
          const script = document.createElement('script');
          script.textContent = 'globalThis.stolen = true';
          document.head.append(script);
          if (!('stolen' in globalThis)) throw new Error('did not run');
        },
        'a frame': () => {
          const frame = document.createElement('iframe');
          frame.src = `${url}/frame`;
          document.body.append(frame);
          throw new Error('seen by the other side');
        },
        picture: () =>
          new Promise((resolve, reject) => {
            const image = new Image();
            image.onload = resolve;
            image.onerror = reject;
            image.src = `${url}/picture`;
          }),
        'another module': () => import(/* @vite-ignore */ `${url}/module.js`),
        beacon: () => {
          if (!navigator.sendBeacon(`${url}/beacon`, 'photo')) throw new Error('refused');
        },
        style: () => {
          const style = document.createElement('style');
          style.textContent = '#app { display: none }';
          document.head.append(style);
          if (style.sheet) return;
          throw new Error('refused');
        },
        form: () => {
          const form = document.createElement('form');
          form.action = `${url}/form`;
          form.method = 'post';
          document.body.append(form);
          form.submit();
          throw new Error('seen by the other side');
        },
      };
      const passed: string[] = [];
      for (const [name, attempt] of Object.entries(tried)) {
        try {
          await attempt();
          passed.push(name);
        } catch {
          // Refused.
        }
      }
      return passed;
    }, address);
    // A beacon is promised before the policy is asked: the other side says whether it came.
    expect(passed.filter((name) => name !== 'beacon')).toEqual([]);
    await expect.poll(() => page.locator('#injected').count()).toBe(0);
    expect(visits).toEqual([]);
  });
});

test('every address that recognition, teaching and every place ask is the site itself', async () => {
  const asked: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
  await recognise(page, [upload('scene.png', await scenePng(0, 7))]);
  for (const place of ['teach', 'collections', 'landmarks', 'about']) {
    await page.goto(new URL(`${DRAWN_SITE}/#/${place}`, inject('siteUrl')).href);
    await page.locator('main h1').waitFor({ timeout: READY_MS });
  }
  const site = new URL(inject('siteUrl')).origin;
  expect(
    asked.filter((url) => !url.startsWith(`${site}/`) && !url.startsWith(`blob:${site}/`)),
  ).toEqual([]);
  expect(problems).toEqual([]);
});

test('the policy comes with the page and with every script, by the server as by the service worker', async () => {
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  const meta = await page
    .locator('meta[http-equiv="Content-Security-Policy"]')
    .getAttribute('content');
  for (const word of ["default-src 'none'", 'wasm-unsafe-eval', 'require-trusted-types-for']) {
    expect(meta).toContain(word);
  }
  expect(meta).not.toMatch(/unsafe-inline|'unsafe-eval'|\*/);
  await page.waitForFunction(() => navigator.serviceWorker?.controller !== null, null, {
    timeout: READY_MS,
  });
  const script = await page.evaluate(async () => {
    const [one] = document.querySelectorAll<HTMLScriptElement>('script[type=module]');
    return (await fetch(one?.src ?? '')).headers.get('Content-Security-Policy');
  });
  expect(script).toContain("connect-src 'self';");
  expect(script).not.toMatch(/unsafe-inline|'unsafe-eval'|\*/);
});

test('the server isolates what has not changed as it does the rest', async () => {
  const address = inject('siteUrl');
  const first = await fetch(address);
  const again = await fetch(address, { headers: { 'If-None-Match': first.headers.get('etag')! } }); // Vite's has one
  expect(again.status).toBe(304);
  for (const name of [
    'content-security-policy',
    'cross-origin-embedder-policy',
    'cross-origin-opener-policy',
    'cross-origin-resource-policy',
  ]) {
    expect(again.headers.get(name), name).toBe(first.headers.get(name));
    expect(first.headers.get(name), name).not.toBeNull();
  }
});
