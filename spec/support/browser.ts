import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { until } from './until.ts';

/** Environment variable with the browser program to test with. */
const VARIABLE = 'NEARDICT_CHROMIUM';
const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A headless Chromium, driven through a pipe. */
export interface Browser {
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

/** A tab. */
export interface Page {
  /** The value of an expression, which must be JSON. */
  evaluate<V>(expression: string): Promise<V>;
  /** Waits until the text of an element is as wanted. */
  untilText(selector: string, pattern: RegExp): Promise<void>;
  /** Types into an element, key by key, as a person does. */
  type(selector: string, text: string): Promise<void>;
  click(selector: string): Promise<void>;
  /** Presses a key, such as `ArrowDown`, `Enter`, `Escape` or a letter. */
  press(key: string, modifier?: 'Control'): Promise<void>;
  /** What the system of its reader prefers. */
  prefer(scheme: 'light' | 'dark'): Promise<void>;
  /** How large the window is, in pixels. */
  resize(width: number, height: number): Promise<void>;
  /** PNG. */
  screenshot(): Promise<Buffer>;
}

/** Starts the browser that is installed, or installs one where there is none and it may. */
export async function startBrowser(): Promise<Browser> {
  const program = find() ?? (install() ? find() : undefined);
  if (program === undefined) {
    throw new Error(
      `The test of the page needs Chromium and found none. Install it (apt-get install chromium, brew install chromium) or set ${VARIABLE} to the path of a chromium or google-chrome program.`,
    );
  }
  const profile = await mkdtemp(join(tmpdir(), 'neardict-browser-'));
  const child = spawn(
    program,
    [
      '--headless=new',
      // Containers run as root, and have little shared memory.
      ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-first-run', '--remote-debugging-pipe'],
      ...['--window-size=720,560', `--user-data-dir=${profile}`],
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const devtools = new DevTools(child);
  return {
    async open(url) {
      const { targetId } = await devtools.send<{ targetId: string }>('Target.createTarget', { url });
      const { sessionId } = await devtools.send<{ sessionId: string }>('Target.attachToTarget', {
        targetId,
        flatten: true,
      });
      return new Tab(devtools, sessionId);
    },
    async close() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** The DevTools protocol over two pipes: JSON texts that end with a zero byte. */
class DevTools {
  readonly #input: Duplex;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: unknown) => void; readonly reject: (e: Error) => void }
  >();
  #count = 0;
  #received = '';

  constructor(child: ChildProcess) {
    this.#input = child.stdio[3] as Duplex;
    this.#input.on('error', () => {});
    (child.stdio[4] as Duplex).setEncoding('utf8').on('data', (chunk: string) => {
      this.#receive(chunk);
    });
    child.once('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The browser has ended.'));
    });
  }

  send<R>(method: string, params: object = {}, sessionId?: string): Promise<R> {
    const id = ++this.#count;
    this.#input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
    });
  }

  #receive(chunk: string): void {
    const texts = (this.#received + chunk).split('\0');
    this.#received = texts.pop() ?? '';
    for (const text of texts) {
      const { id, result, error } = JSON.parse(text) as { id?: number; result?: unknown; error?: { message: string } };
      const waiting = id === undefined ? undefined : this.#waiting.get(id);
      if (id === undefined || waiting === undefined) continue;
      this.#waiting.delete(id);
      if (error === undefined) waiting.resolve(result);
      else waiting.reject(new Error(error.message));
    }
  }
}

class Tab implements Page {
  readonly #devtools: DevTools;
  readonly #sessionId: string;

  constructor(devtools: DevTools, sessionId: string) {
    this.#devtools = devtools;
    this.#sessionId = sessionId;
  }

  async evaluate<V>(expression: string): Promise<V> {
    const params = { expression, returnByValue: true, awaitPromise: true };
    const { result } = await this.#send<{ result: { value: V } }>('Runtime.evaluate', params);
    return result.value;
  }

  async untilText(selector: string, pattern: RegExp): Promise<void> {
    const text = (): Promise<string | undefined> =>
      this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
    await until(`${selector} says ${pattern}`, async () => pattern.test((await text()) ?? ''), 30_000);
  }

  async type(selector: string, text: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    await this.#send('Input.insertText', { text });
  }

  async click(selector: string): Promise<void> {
    const { x, y } = await this.evaluate<{ x: number; y: number }>(`(() => {
      const found = document.querySelector(${JSON.stringify(selector)});
      found.scrollIntoView({ block: 'nearest' });
      const { x, y, width, height } = found.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`);
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.#send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    }
  }

  async press(key: string, modifier?: 'Control'): Promise<void> {
    const codes: Record<string, number> = { Enter: 13, Escape: 27, ArrowUp: 38, ArrowDown: 40 };
    const text = { ...(key.length === 1 && { text: key }), ...(key === 'Enter' && { text: '\r' }) };
    const common = { key, windowsVirtualKeyCode: codes[key] ?? key.charCodeAt(0), modifiers: modifier ? 2 : 0 };
    await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', ...common, ...text });
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...common });
  }

  async prefer(scheme: 'light' | 'dark'): Promise<void> {
    await this.#send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.#send<{ data: string }>('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }

  #send<R>(method: string, params: object): Promise<R> {
    return this.#devtools.send(method, params, this.#sessionId);
  }
}

function find(): string | undefined {
  return [process.env[VARIABLE], ...PROGRAMS].find((program) => program !== undefined && isBrowser(program));
}

function isBrowser(program: string): boolean {
  try {
    return /Chrom/.test(
      execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return false;
  }
}

function install(): boolean {
  const asRoot = process.getuid?.() === 0 ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  const steps = [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']];
  console.log('No Chromium found: installing it with apt-get.');
  return steps.every((step) => {
    const [program = '', ...args] = [...asRoot, ...step];
    return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
  });
}
