import { setTimeout } from 'node:timers/promises';
import type { LiveMirror } from './dict/mirror/liveMirror.ts';
import type { NearDict } from './dict/nearDict.ts';
import { UnavailableError } from './errors.ts';
import { type OpenedDict, openParts } from './openDict.ts';
import type { OpenOptions } from './options.ts';

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;

/**
 * Goes on opening a dictionary until that succeeds, and lets a mirror follow it then.
 *
 * Between two attempts nothing keeps the process alive.
 */
export class Reaching {
  readonly #mirror: LiveMirror;
  readonly #options: OpenOptions;
  readonly #ending = new AbortController();
  #reached: OpenedDict | undefined;

  constructor(mirror: LiveMirror, options: OpenOptions) {
    this.#mirror = mirror;
    this.#options = options;
    void this.#reach();
  }

  /** @throws {UnavailableError} The dictionary is not open yet. */
  get handle(): NearDict {
    if (this.#reached !== undefined) return this.#reached.handle;
    throw new UnavailableError('The store was not reached yet: the mirror shows its backup or bootstrap.');
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#reached?.handle.close();
  }

  async #reach(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
      await setTimeout(pauseMs, undefined, { ref: false, signal: this.#ending.signal }).catch(() => {});
      if (this.#ending.signal.aborted) return;
      try {
        const opened = await openParts(this.#options);
        if (this.#ending.signal.aborted) await opened.handle.close();
        else this.#attach(opened);
        return;
      } catch (error) {
        this.#mirror.failed(error);
      }
    }
  }

  #attach(opened: OpenedDict): void {
    this.#reached = opened;
    opened.mirrors.adopt(this.#mirror).catch((error: unknown) => {
      this.#mirror.failed(error);
    });
  }
}
