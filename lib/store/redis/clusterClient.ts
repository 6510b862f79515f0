import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../../errors.ts';
import type { Deadline } from '../store.ts';
import { COMMAND_OPTIONS, type DataClient, duplicateForOwnUse, type OwnClient, type RedisLike } from './client.ts';
import { slotOfName } from './slots.ts';

/* oxlint-disable typescript/no-explicit-any -- loose parameters are what makes clients of node-redis 4, 5 and 6 assignable */

/** One server of a cluster as node-redis knows it. `client` is absent, or a promise, while it has no connection. */
export interface ClusterNodeLike {
  readonly client?: any;
}

/** The part of a node-redis cluster client (major 4, 5 or 6) that is used. */
export interface RedisClusterLike {
  readonly isOpen: boolean;
  readonly masters: readonly any[];
  readonly slots: readonly any[];
  sendCommand(firstKey: any, isReadonly: any, args: any, options?: any): Promise<any>;
  nodeClient(node: any): any;
}
/* oxlint-enable typescript/no-explicit-any */

/** How often a node without a connection is looked at again, in milliseconds. */
const LOOK_INTERVAL_MS = 25;

/** Whether it is a cluster client; that of a single server has no nodes. */
export function isClusterClient(client: unknown): client is RedisClusterLike {
  return typeof client === 'object' && client !== null && 'nodeClient' in client && 'slots' in client;
}

/**
 * A cluster client as a data connection.
 *
 * Commands go to masters only: a replica may be behind, which would look like a history that was lost. A command is given
 * to the client only when its master has a connection: otherwise it would be sent later, when its caller has long given
 * up.
 */
export class ClusterClient implements DataClient {
  readonly #cluster: RedisClusterLike;

  constructor(cluster: RedisClusterLike) {
    this.#cluster = cluster;
  }

  get isOpen(): boolean {
    return this.#cluster.isOpen;
  }

  /** Whether a command can be sent depends on its key. */
  get isReady(): boolean {
    return this.#cluster.isOpen;
  }

  async sendCommand(args: readonly (string | Uint8Array)[]): Promise<unknown> {
    const key = firstKeyOf(args);
    const node = (this.#cluster.slots[slotOfName(key)] as { readonly master?: ClusterNodeLike } | undefined)?.master;
    if (node === undefined) throw noMaster('no node serves the slot of this key');
    if (!isConnected(node)) {
      this.#connect(node);
      throw noMaster('there is no connection to the master of this key');
    }
    return this.#cluster.sendCommand(key, false, args, COMMAND_OPTIONS);
  }

  async servers(deadline: Deadline): Promise<readonly RedisLike[]> {
    for (;;) {
      const missing = this.#masters.filter((node) => !isConnected(node));
      if (missing.length === 0) return this.#connected;
      for (const node of missing) this.#connect(node);
      if (performance.now() + LOOK_INTERVAL_MS > deadline) throw noMaster('not every master has a connection');
      await sleep(LOOK_INTERVAL_MS);
    }
  }

  /**
   * A client of our own for messages, of any node: what is published on one reaches all.
   *
   * @throws {UnavailableError} No node can be reached.
   */
  clientForMessages(): OwnClient {
    const nodes = this.#connected;
    const node = nodes[Math.floor(Math.random() * nodes.length)];
    if (node !== undefined) return duplicateForOwnUse(node);
    for (const master of this.#masters) this.#connect(master);
    throw noMaster('no node can be reached');
  }

  on(): void {
    // A cluster client says nothing of use: whoever waits for it looks again.
  }

  off(): void {
    // As above.
  }

  get #masters(): readonly ClusterNodeLike[] {
    return this.#cluster.masters as readonly ClusterNodeLike[];
  }

  get #connected(): readonly RedisLike[] {
    return this.#masters.filter(isConnected).map(({ client }) => client as RedisLike);
  }

  #connect(node: ClusterNodeLike): void {
    if (node.client !== undefined) return;
    const connecting = this.#cluster.nodeClient(node) as unknown;
    // Its failure is the next command's.
    Promise.resolve(connecting).catch(() => {});
  }
}

function isConnected({ client }: ClusterNodeLike): boolean {
  return (client as RedisLike | undefined)?.isReady === true;
}

function noMaster(reason: string): UnavailableError {
  return new UnavailableError(`The cluster can not be reached: ${reason}. The command was not sent.`);
}

/** The name by which a command of ours finds its node. */
function firstKeyOf(args: readonly (string | Uint8Array)[]): string {
  const [command] = args;
  return String(command === 'EVALSHA' || command === 'EVAL' ? args[3] : args[1]);
}
