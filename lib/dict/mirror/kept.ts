import type { Values } from '../../codec/values.ts';
import { Backup, readBootstrap } from './backup.ts';
import type { MirrorSettings } from './mirrorOptions.ts';

export interface KeptOptions {
  readonly settings: Pick<MirrorSettings, 'bootstrap' | 'backup'>;
  readonly namespace: string;
  readonly values: Values;
  /** What is to be in a backup. */
  readonly entries: () => Iterable<readonly [string, unknown]>;
  /** Told what can't be read or written. */
  readonly onError: (error: unknown) => void;
}

/** What a mirror shows when it starts without its store: the last backup, or else what the process was given. */
export class Kept {
  readonly #bootstrap: MirrorSettings['bootstrap'];
  readonly #backup: Backup | undefined;
  readonly #onError: (error: unknown) => void;

  constructor({ settings, namespace, values, entries, onError }: KeptOptions) {
    const { bootstrap, backup } = settings;
    this.#bootstrap = bootstrap;
    this.#backup = backup === undefined ? undefined : new Backup(backup, namespace, values, entries, onError);
    this.#onError = onError;
  }

  /** `undefined`: nothing was kept. */
  async read(): Promise<Iterable<readonly [string, unknown]> | undefined> {
    const backup = await this.#backup?.read().catch(this.#reportSoon);
    if (backup !== undefined || this.#bootstrap === undefined) return backup;
    if (typeof this.#bootstrap === 'object') return Object.entries(this.#bootstrap);
    const file = await readBootstrap(this.#bootstrap).catch(this.#reportSoon);
    return file && Object.entries(file);
  }

  /** What is to be kept has changed. */
  schedule(): void {
    this.#backup?.schedule();
  }

  /** Resolves when everything is kept. */
  async close(): Promise<void> {
    await this.#backup?.close();
  }

  /** When who opens the mirror has had the time to listen. */
  readonly #reportSoon = (error: unknown): undefined => {
    setImmediate(() => {
      this.#onError(error);
    });
  };
}
