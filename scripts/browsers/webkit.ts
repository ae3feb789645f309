// WebKitGTK's small browser, by WebDriver over HTTP: the engine of Safari, as far as Linux has it.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { type Browser, CALL_MS, pageScript } from './driver.ts';

const DRIVER = '/usr/bin/WebKitWebDriver';
const SCREEN = '/usr/bin/xvfb-run';
const MINI_BROWSERS = ['4.1', '6.0', '4.0'].map(
  (version) => `/usr/lib/x86_64-linux-gnu/webkit2gtk-${version}/MiniBrowser`,
);
/** Until the driver listens. */
const START_MS = 20_000;

export const webkit: Browser = {
  name: 'webkit',
  hint: 'Install WebKitGTK with its driver and a virtual screen (Debian: webkit2gtk-driver xvfb).',
  start: async () => {
    const binary = MINI_BROWSERS.find((path) => existsSync(path));
    if (!binary || !existsSync(DRIVER) || !existsSync(SCREEN)) return null;
    const port = await freePort();
    const process = spawnDriver(port);
    try {
      const session = await Session.begin(`http://127.0.0.1:${port}`, binary);
      return {
        name: session.name,
        open: (address) => session.post('url', { url: address }),
        evaluate: (run, ...args) => session.evaluate(pageScript(run), args),
        screenshot: async () => Buffer.from(await session.get<string>('screenshot'), 'base64'),
        close: async () => {
          await session.end();
          end(process);
        },
      };
    } catch (thrown) {
      end(process);
      throw thrown;
    }
  },
};

function spawnDriver(port: number): ChildProcess {
  return spawn(SCREEN, ['-a', DRIVER, `--port=${port}`, '--host=127.0.0.1'], {
    // A group of its own, which holds the screen and the browser as well.
    detached: true,
    stdio: 'ignore',
    // Its sandbox needs rights that containers lack.
    env: { ...process.env, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' },
  });
}

function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid);
  } catch {
    // It has ended by itself.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** A session of WebDriver (W3C, https://www.w3.org/TR/webdriver2/). */
class Session {
  readonly name: string;
  readonly #address: string;

  private constructor(address: string, name: string) {
    this.#address = address;
    this.name = name;
  }

  static async begin(driver: string, binary: string): Promise<Session> {
    const options = { binary, args: ['--automation'] };
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options } };
    interface Begun {
      readonly sessionId: string;
      readonly capabilities: { readonly browserName: string; readonly browserVersion: string };
    }
    const deadline = performance.now() + START_MS;
    for (;;) {
      try {
        const begun = await call<Begun>('POST', `${driver}/session`, { capabilities });
        const { browserName, browserVersion } = begun.capabilities;
        const name = `WebKitGTK ${browserName} ${browserVersion}`;
        const session = new Session(`${driver}/session/${begun.sessionId}`, name);
        await session.post('timeouts', { script: CALL_MS, pageLoad: CALL_MS });
        await session.post('window/rect', { width: 1280, height: 900 });
        return session;
      } catch (thrown) {
        // Until it listens, nobody is there.
        if (!(thrown instanceof TypeError) || performance.now() > deadline) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  get<T>(what: string): Promise<T> {
    return call<T>('GET', `${this.#address}/${what}`);
  }

  async post(what: string, body: object): Promise<void> {
    await call('POST', `${this.#address}/${what}`, body);
  }

  async evaluate<T>(script: string, args: readonly unknown[]): Promise<T> {
    const body = `const [args, done] = arguments;
      Promise.resolve().then(() => ${script}(...args)).then(
        (value) => done({ value }),
        (thrown) => done({ thrown: String(thrown) }));`;
    const answer = await call<{ value: T; thrown?: string }>(
      'POST',
      `${this.#address}/execute/async`,
      { script: body, args: [args] },
    );
    if (answer.thrown !== undefined) throw new Error(answer.thrown);
    return answer.value;
  }

  async end(): Promise<void> {
    await call('DELETE', this.#address);
  }
}

async function call<T>(method: string, address: string, body?: object): Promise<T> {
  const response = await fetch(address, { method, body: body ? JSON.stringify(body) : null });
  const { value } = (await response.json()) as { value: T & { message?: string } };
  if (!response.ok) throw new Error(`${method} ${address}: ${value?.message ?? response.status}`);
  return value;
}
