import { EventEmitter } from 'node:events';
import { type DataClient, duplicateForOwnUse, type RedisLike } from './client.ts';
import { OwnedClient } from './ownedClient.ts';

/**
 * A borrowed client of node-redis 4: itself until it loses its connection, then duplicates of it that are used once.
 *
 * Its parser does not begin anew with a new connection. If the old one ended inside a reply, the next replies are read
 * from the middle: they never come, or belong to other commands.
 */
export class LentClient implements DataClient {
  readonly #lent: RedisLike;
  readonly #events = new EventEmitter();
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
