import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deadlines } from '../deadline.ts';
import type { Deadline } from '../store.ts';
import { COMMAND_OPTIONS, type DataClient, type OwnClient } from './client.ts';
import type { ClusterSource } from './clusterSource.ts';
import { isClusterDown, LostError, NotSentError } from './failures.ts';
import { OwnedClient } from './ownedClient.ts';
import { type Address, redirectionOf, SlotMap } from './slotMap.ts';
import { slotOfName } from './slots.ts';

/** How often a server that waits for another one is looked at, in milliseconds. */
const LOOK_INTERVAL_MS = 25;
/** Longest wait for a server to say who has which slots. */
const ANSWER_MS = 1000;
/** Between two questions who has which slots, while something is not as it should be. */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1000;
/** For how long a connection is kept that leads to no master: slots may be on their way to its server. */
const KEEP_MS = 2000;
/** Servers that may send a command on, one after the other. */
const MAX_HOPS = 5;

type Command = readonly (string | Uint8Array)[];

/**
 * A data connection to a cluster: a connection of our own to each master.
 *
 * Commands go to masters only: a replica may be behind, which would look like a history that was lost. A command whose
 * master has no connection is not sent: later, its caller would have given up.
 */
export class ClusterClient implements DataClient {
  readonly #source: ClusterSource;
  readonly #events = new EventEmitter();
  readonly #nodes = new Map<Address, OwnedClient>();
  /** When a command was last meant for a server. */
  readonly #usedAt = new Map<Address, number>();
  readonly #map = new SlotMap();
  readonly #deadlines = new Deadlines({ keepsAlive: false });
  /** Resolves when it is known who has which slots. Rejects when the credentials are refused. */
  readonly connected: Promise<void>;
  #refuse!: (error: unknown) => void;
  #isClosed = false;
  #isLearning = false;
  /** Something does not fit to what is known. */
  #isDoubtful = false;
  lastError: unknown;

  constructor(source: ClusterSource) {
    this.#source = source;
    this.connected = new Promise((resolve, reject) => {
      this.#refuse = reject;
      this.#events.once('ready', resolve);
    });
    this.connected.catch(() => {
      // Nobody may have waited so long.
    });
    this.#doubt();
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.#source.isOpen;
  }

  /** Whether a command can be sent depends on its key. */
  get isReady(): boolean {
    return this.isOpen && this.#map.masters.size > 0;
  }

  async sendCommand(args: Command, _options?: unknown, deadline: Deadline = Infinity): Promise<unknown> {
    const slot = slotOfName(firstKeyOf(args));
    let address = this.#map.ownerOf(slot);
    let isAsking = false;
    for (let hop = 1; ; hop++) {
      if (address === undefined) throw this.#notSent('no server has the slot of this key');
      try {
        return await this.#sendTo(address, args, isAsking);
      } catch (error) {
        if (isClusterDown(error)) this.#doubt();
        const redirection = redirectionOf(error, address);
        if (redirection === undefined) throw error;
        isAsking = redirection.isOnce;
        address = redirection.address;
        if (!isAsking) this.#moved(slot, address);
        const isOver = hop === MAX_HOPS || performance.now() >= deadline;
        if (isOver) throw this.#notSent('the servers send this command from one to another');
      }
    }
  }

  async servers(deadline: Deadline): Promise<readonly Pick<DataClient, 'sendCommand'>[]> {
    while (!this.#isWell) {
      this.#doubt();
      if (performance.now() + LOOK_INTERVAL_MS > deadline) throw this.#notSent('not every master has a connection');
      await sleep(LOOK_INTERVAL_MS);
    }
    return [...this.#map.masters].map((address) => this.#node(address));
  }

  /** The master of a name's slot, as far as is known. */
  masterOf(name: string): Address | undefined {
    return this.#map.ownerOf(slotOfName(name));
  }

  /** A client for one server. */
  clientAt(address: Address): OwnClient {
    return this.#source.makeClient(address);
  }

  /** A client that is not to be connected: one like it can be made for each server. */
  modelClient(): OwnClient {
    return this.clientAt(this.#source.seeds[0] ?? 'localhost:6379');
  }

  /** A server did not do what it should have done: looks who has which slots, or believes the error if that says it. */
  mistaken(address: Address, error: unknown): void {
    const redirection = redirectionOf(error, address);
    if (redirection === undefined) this.#doubt();
    else this.#moved(redirection.slot, redirection.address);
  }

  /** A client for messages, of any server: what is published on one reaches all. */
  clientForMessages(overrides?: object): OwnClient {
    const addresses = this.#readyAddresses;
    const address = addresses[Math.floor(Math.random() * addresses.length)];
    if (address === undefined) throw this.#notSent('no server can be reached');
    return this.#source.makeClient(address, overrides);
  }

  unanswered(): void {
    for (const node of this.#nodes.values()) node.unanswered();
  }

  renew(): boolean {
    this.#doubt();
    return true;
  }

  on(event: string, listener: () => void): void {
    this.#events.on(event, listener);
  }

  off(event: string, listener: () => void): void {
    this.#events.off(event, listener);
  }

  close(): void {
    this.#isClosed = true;
    for (const node of this.#nodes.values()) node.close();
    this.#events.emit('end');
  }

  async #sendTo(address: Address, args: Command, isAsking: boolean): Promise<unknown> {
    const node = this.#node(address);
    this.#usedAt.set(address, performance.now());
    if (!node.isReady) throw this.#notSent(`there is no connection to ${address}, the master of this key`);
    try {
      // In the same turn, so that nothing comes between.
      if (isAsking) node.sendCommand(['ASKING'], COMMAND_OPTIONS).catch(() => {});
      return await node.sendCommand(args, COMMAND_OPTIONS);
    } catch (error) {
      if (node.isReady) throw error;
      this.#doubt();
      throw new LostError(`The connection to ${address} was lost.`, { cause: error });
    }
  }

  #notSent(reason: string): NotSentError {
    this.#doubt();
    return new NotSentError(`${reason}. The command was not sent.`, { cause: this.lastError });
  }

  #moved(slot: number, address: Address): void {
    this.#map.move({ slot, address, isOnce: false });
    this.#events.emit('map');
    this.#doubt();
  }

  #node(address: Address): OwnedClient {
    const present = this.#nodes.get(address);
    if (present !== undefined) return present;
    const node = new OwnedClient(() => this.#source.makeClient(address));
    node.connected.catch(this.#refuse);
    this.#nodes.set(address, node);
    return node;
  }

  get #readyAddresses(): Address[] {
    return [...this.#nodes].filter(([, node]) => node.isReady).map(([address]) => address);
  }

  /** Whether each slot has a master to which there is a connection, and there are no others. */
  get #isWell(): boolean {
    const { isComplete, masters } = this.#map;
    if (!isComplete || masters.size !== this.#nodes.size) return false;
    return [...masters].every((address) => this.#nodes.get(address)?.isReady === true);
  }

  #doubt(): void {
    this.#isDoubtful = true;
    if (this.#isLearning) return;
    this.#isLearning = true;
    void this.#learn();
  }

  /** Asks who has which slots until all is well. */
  async #learn(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; this.isOpen; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      this.#isDoubtful = false;
      await this.#ask();
      if (this.isOpen) this.#align();
      await sleep(pauseMs * (0.5 + 0.5 * Math.random()), undefined, { ref: false });
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- it changes meanwhile
      if (this.#isWell && !this.#isDoubtful) break;
    }
    this.#isLearning = false;
  }

  /** Any server will do: one that is wrong, because it was cut off, sends commands on or refuses them. */
  async #ask(): Promise<void> {
    const late = (): Error => new Error('The server did not say in time who has which slots.');
    const addresses = this.#readyAddresses.toSorted(() => Math.random() - 0.5);
    for (const address of addresses) {
      const node = this.#node(address);
      try {
        const reply = node.sendCommand(['CLUSTER', 'SLOTS'], COMMAND_OPTIONS);
        this.#map.learn(await this.#deadlines.within(reply, performance.now() + ANSWER_MS, late), address);
        if (this.isReady) this.#events.emit('ready');
        this.#events.emit('map');
        return;
      } catch (error) {
        this.lastError = error;
        node.unanswered();
      }
    }
  }

  /** Makes connections to those that are masters, and to all that may know them if there is none. */
  #align(): void {
    const { masters, servers } = this.#map;
    for (const address of masters) this.#node(address);
    const isCutOff = this.#readyAddresses.length === 0;
    if (isCutOff) for (const address of [...servers, ...this.#source.seeds]) this.#node(address);
    for (const [address, node] of this.#nodes) {
      this.lastError = node.lastError ?? this.lastError;
      const isRecent = performance.now() - (this.#usedAt.get(address) ?? -Infinity) < KEEP_MS;
      if (isCutOff || masters.has(address) || isRecent) continue;
      this.#nodes.delete(address);
      this.#usedAt.delete(address);
      node.close();
    }
  }
}

/** The name by which a command of ours finds its node. */
function firstKeyOf(args: Command): string {
  const [command] = args;
  return String(command === 'EVALSHA' || command === 'EVAL' ? args[3] : args[1]);
}
