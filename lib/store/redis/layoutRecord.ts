import { ConfigMismatchError, UnavailableError } from '../../errors.ts';
import { describeLayout } from '../layout.ts';
import type { Deadline, Layout } from '../store.ts';
import type { Connection } from './connection.ts';
import { isMissingRight } from './failures.ts';
import { metaKey } from './names.ts';

/** What Redis holds of the layout of a namespace, on which all processes that open it must agree. */
export class LayoutRecord {
  readonly #connection: Connection;
  readonly #namespace: string;
  readonly #key: string;
  readonly #wanted: string;
  #isRecorded = false;
  /** Whether the user of the connection is not known to be one who only reads. */
  #mayRecord = true;

  constructor(connection: Connection, namespace: string, layout: Layout) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#key = metaKey(namespace);
    this.#wanted = describeLayout(layout);
  }

  /**
   * Compares it, and records it first if there is none and the user may.
   *
   * @throws {ConfigMismatchError} The namespace has another layout.
   */
  async check(deadline: Deadline, isIdle: boolean = false): Promise<void> {
    let found = await this.#connection.query(['GET', this.#key], deadline, isIdle);
    if (found === null && this.#mayRecord) found = await this.#record(deadline, isIdle);
    this.#isRecorded = found !== null;
    if (!this.#isRecorded || String(found) === this.#wanted) return;
    throw new ConfigMismatchError(
      `The namespace '${this.#namespace}' has the layout ${String(found)}, this process wants ${this.#wanted}. Open it with the same options, or choose another namespace.`,
    );
  }

  /**
   * Makes sure that it is recorded: nothing may be written before.
   *
   * @throws {UnavailableError} There is none, and the user may not record it.
   */
  async assertRecorded(deadline: Deadline): Promise<void> {
    if (this.#isRecorded) return;
    this.#mayRecord = true;
    await this.check(deadline);
    if (!this.#isRecorded)
      throw new UnavailableError(`The Redis user may not set '${this.#key}'; nothing was written.`);
  }

  async #record(deadline: Deadline, isIdle: boolean): Promise<unknown> {
    try {
      await this.#connection.query(['SET', this.#key, this.#wanted, 'NX'], deadline, isIdle);
    } catch (error) {
      if (!isMissingRight(error)) throw error;
      this.#mayRecord = false;
      return null;
    }
    return this.#connection.query(['GET', this.#key], deadline, isIdle);
  }
}
