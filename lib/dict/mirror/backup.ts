import { open, readFile, rename, rm } from 'node:fs/promises';
import type { Values } from '../../codec/values.ts';
import { BackupError } from '../../errors.ts';
import { crypto } from '../../store/crypto.ts';
import { Pace } from '../pace.ts';

/** What a file of a backup holds. */
interface BackupRecord {
  readonly neardict: 1;
  readonly namespace: string;
  readonly codec: string;
  /** The encoded values in base64, by key. */
  readonly entries: Readonly<Record<string, string>>;
  /** SHA-1 of `entries` as JSON. */
  readonly digest: string;
}

/** Shortest time between two backups, and how many times as long as one takes, in milliseconds. */
const LEAST_PAUSE_MS = 1000;
const PAUSE_FACTOR = 20;

/** Keeps the values of a mirror in a file, for a start without the store. */
export class Backup {
  readonly #path: string;
  readonly #namespace: string;
  readonly #values: Values;
  readonly #entries: () => Iterable<readonly [string, unknown]>;
  readonly #onError: (error: BackupError) => void;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = LEAST_PAUSE_MS;
  #writing: Promise<void> = Promise.resolve();

  /**
   * @param entries - What is to be in the file.
   * @param onError - Told when it could not be written. It is tried again at the next change.
   */
  constructor(
    path: string,
    namespace: string,
    values: Values,
    entries: () => Iterable<readonly [string, unknown]>,
    onError: (error: BackupError) => void,
  ) {
    this.#path = path;
    this.#namespace = namespace;
    this.#values = values;
    this.#entries = entries;
    this.#onError = onError;
  }

  /**
   * What was written last; `undefined`: there is no file.
   *
   * @throws {BackupError} It can't be read, is damaged, or belongs to another dictionary.
   */
  async read(): Promise<ReadonlyMap<string, unknown> | undefined> {
    const text = await readText(this.#path);
    if (text === undefined) return undefined;
    try {
      return this.#parse(text);
    } catch (error) {
      if (error instanceof BackupError) throw error;
      // A parser's own message may quote values.
      throw new BackupError(`The backup '${this.#path}' is damaged. It is replaced at the next change.`);
    }
  }

  /** Something has changed: it is written soon. */
  schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#write();
    }, this.#pauseMs).unref();
  }

  /** Writes what is due, and resolves when it is written. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#write();
    await this.#writing;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(async () => {
      const start = performance.now();
      try {
        await replaceFile(this.#path, JSON.stringify(await this.#record()));
      } catch (cause) {
        this.#onError(new BackupError(`The backup '${this.#path}' could not be written.`, { cause }));
      }
      this.#pauseMs = Math.max(LEAST_PAUSE_MS, PAUSE_FACTOR * (performance.now() - start));
    });
  }

  async #record(): Promise<BackupRecord> {
    const entries: Record<string, string> = Object.create(null) as Record<string, string>;
    const pace = new Pace();
    for (const [key, value] of [...this.#entries()]) {
      entries[key] = Buffer.from(this.#values.encode(value)).toString('base64');
      if (pace.isPauseDue) await pace.pause();
    }
    return {
      neardict: 1,
      namespace: this.#namespace,
      codec: this.#values.codecName,
      entries,
      digest: digestOf(entries),
    };
  }

  #parse(text: string): ReadonlyMap<string, unknown> {
    const { neardict, namespace, codec, entries, digest } = JSON.parse(text) as BackupRecord;
    if (neardict !== 1 || digestOf(entries) !== digest) throw new TypeError('not a whole backup');
    if (namespace !== this.#namespace || codec !== this.#values.codecName) {
      throw new BackupError(
        `The backup '${this.#path}' belongs to another namespace, or was written with another codec.`,
      );
    }
    return new Map(
      Object.entries(entries).map(([key, bytes]) => [
        key,
        this.#values.decodeGuarded(key, Buffer.from(bytes, 'base64')),
      ]),
    );
  }
}

/**
 * The object in a JSON file, for a start without the store.
 *
 * @throws {BackupError} It can't be read, or is no JSON object.
 */
export async function readBootstrap(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readText(path);
  if (text === undefined) throw new BackupError(`The file '${path}' of the option 'bootstrap' does not exist.`);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // A parser's own message may quote values.
  }
  throw new BackupError(`The file '${path}' of the option 'bootstrap' does not hold a JSON object.`);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new BackupError(`The file '${path}' could not be read.`, { cause });
  }
}

/** Readers see the old content or the new one, never a part; nobody but the owner sees any. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${crypto().randomUUID()}.tmp`;
  try {
    await writeDraft(draft, text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function writeDraft(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function digestOf(entries: Readonly<Record<string, string>>): string {
  return crypto().createHash('sha1').update(JSON.stringify(entries)).digest('hex');
}
