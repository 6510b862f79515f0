import { EventEmitter } from 'node:events';
import { type DataClient, duplicateForOwnUse, type RedisLike } from './client.ts';
import { OwnedClient } from './ownedClient.ts';

/**
 * A borrowed client: itself until it loses its connection, then duplicates of it that are used once.
 *
 * A client that comes back may take replies for those of other commands. The parser of node-redis 4 does not begin anew:
 * if the old connection ended inside a reply, the next ones are read from its middle. node-redis 5 still writes what was
 * sent in the turn in which the connection broke, to the old one, and takes the greeting of the next for its reply.
 */
export class LentClient implements DataClient {
  readonly #lent: RedisLike;
  readonly #events = new EventEmitter();
  /** Its owner has connected it. */
  readonly connected: Promise<void> = Promise.resolve();
  #own: OwnedClient | undefined;
  #isWorn = false;
  readonly #wear = (): void => {
    this.#isWorn = true;
    this.#replace();
  };
  readonly #ready = (): void => {
    if (this.#isWorn) this.#replace();
    else this.#events.emit('ready');
  };
  readonly #end = (): void => {
    this.#isWorn = true;
    this.#own?.close();
    this.#own = undefined;
    this.#events.emit('end');
  };

  constructor(client: RedisLike) {
    this.#lent = client;
    client.on('reconnecting', this.#wear);
    client.on('ready', this.#ready);
    client.on('end', this.#end);
  }

  /** Whether its owner has it open. */
  get isOpen(): boolean {
    return this.#lent.isOpen;
  }

  get isReady(): boolean {
    return this.#isWorn ? this.#own?.isReady === true : this.#lent.isReady;
  }

  sendCommand(args: unknown, options?: unknown): Promise<unknown> {
    return (this.#own ?? this.#lent).sendCommand(args, options);
  }

  get lastError(): unknown {
    return this.#own?.lastError;
  }

  unanswered(): void {
    this.#own?.unanswered();
  }

  renew(reason: unknown): boolean {
    return this.#own?.renew(reason) === true;
  }

  on(event: string, listener: () => void): void {
    this.#events.on(event, listener);
  }

  off(event: string, listener: () => void): void {
    this.#events.off(event, listener);
  }

  /** Gives it back. */
  close(): void {
    this.#lent.off('reconnecting', this.#wear);
    this.#lent.off('ready', this.#ready);
    this.#lent.off('end', this.#end);
    this.#own?.close();
  }

  #replace(): void {
    if (this.#own !== undefined) return;
    const own = new OwnedClient(() => duplicateForOwnUse(this.#lent));
    own.on('ready', () => this.#events.emit('ready'));
    this.#own = own;
  }
}
