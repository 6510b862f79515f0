import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Argument, connectAdmin, type RedisAdmin } from './redisAdmin.ts';
import { endProcess, freePort } from './redisServer.ts';
import { until } from './until.ts';

const SLOTS = 16_384;
/** How long a node may be silent until the others take it for dead, in milliseconds. */
const NODE_TIMEOUT_MS = 1000;

export interface ClusterNode {
  readonly port: number;
  readonly url: string;
  /** 40 hexadecimal digits. */
  readonly id: string;
  /** Ends the node as a power cut would. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Sends a command to this node. */
  send(...args: readonly Argument[]): Promise<unknown>;
}

/** A real cluster on loopback: as many replicas as masters, started by and for the tests. */
export interface RedisCluster {
  readonly nodes: readonly ClusterNode[];
  readonly rootNodes: readonly { readonly url: string }[];
  /** Starts one more master, without slots. */
  add(): Promise<ClusterNode>;
  /** Ends a node that has no slots, and makes all others forget it. */
  remove(node: ClusterNode): Promise<void>;
  /** The master of a slot at present, by what a node says; default: the first that can be reached. */
  masterOf(slot: number, node?: ClusterNode): Promise<ClusterNode>;
  /** A replica of the node. */
  replicaOf(master: ClusterNode): Promise<ClusterNode>;
  masters(): Promise<readonly ClusterNode[]>;
  /**
   * Moves a slot with everything in it. `during` runs when the keys that `first` chooses have moved; default: half of them.
   */
  migrate(
    slot: number,
    to: ClusterNode,
    during?: () => Promise<void>,
    first?: (keys: string[]) => string[],
  ): Promise<void>;
  /** A replica takes over from its master, without loss. */
  failOver(master: ClusterNode): Promise<ClusterNode>;
  /** Cuts every connection that has subscribed, at every node. */
  cutFeeds(): Promise<void>;
  /** All nodes agree and serve all slots. */
  isWell(): Promise<void>;
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** The slot map is written before the nodes start: there is no gossip to wait for. */
export async function startCluster(masters: number = 3): Promise<RedisCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'neardict-cluster-'));
  const ports: number[] = [];
  while (ports.length < 2 * masters) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  const nodes = ports.map((port) => new Node(port, folder));
  await Promise.all(nodes.map((node) => writeFile(node.configPath, configOf(nodes, node, masters))));
  await Promise.all(nodes.map((node) => node.start()));
  const cluster = new Cluster(nodes, folder);
  await cluster.isWell();
  return cluster;
}

function configOf(nodes: readonly Node[], me: Node, masters: number): string {
  const lines = nodes.map((node, index) => {
    const self = node === me ? 'myself,' : '';
    const address = `${node.id} 127.0.0.1:${node.port}@${node.port + 10_000}`;
    if (masters === 0) return `${address} ${self}master - 0 0 0 connected`;
    const master = nodes[index % masters];
    if (index >= masters) return `${address} ${self}slave ${master?.id} 0 0 ${(index % masters) + 1} connected`;
    const [from, to] = [index, index + 1].map((part) => Math.floor((SLOTS * part) / masters));
    return `${address} ${self}master - 0 0 ${index + 1} connected ${from}-${(to ?? 0) - 1}`;
  });
  return [...lines, `vars currentEpoch ${masters} lastVoteEpoch 0`, ''].join('\n');
}

class Node implements ClusterNode {
  readonly port: number;
  readonly id: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #admin: RedisAdmin | undefined;

  constructor(port: number, folder: string) {
    this.port = port;
    this.id = port.toString(16).padStart(40, '0');
    this.#folder = folder;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get configPath(): string {
    return join(this.#folder, `nodes-${this.port}.conf`);
  }

  async start(): Promise<void> {
    const program = process.env['NEARDICT_REDIS_SERVER'] ?? 'redis-server';
    const options = {
      port: this.port,
      bind: '127.0.0.1',
      save: '',
      appendonly: 'no',
      dir: this.#folder,
      // A replica leaves one behind, which no node may load when it starts.
      dbfilename: `${this.port}.rdb`,
      'rdb-del-sync-files': 'yes',
      'cluster-enabled': 'yes',
      'cluster-config-file': this.configPath,
      'cluster-node-timeout': NODE_TIMEOUT_MS,
      'cluster-replica-validity-factor': 0,
      // Who has lost its last slot stays a master.
      'cluster-allow-replica-migration': 'no',
      'repl-diskless-sync-delay': 0,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(program, args, { stdio: 'ignore' });
    this.#child = child;
    await until(`the node on port ${this.port} answers`, async () => {
      if (child.exitCode !== null) throw new Error(`A node ended at its start with exit code ${child.exitCode}.`);
      // Somebody else may have been faster to take the port.
      return this.send('CLUSTER', 'MYID').then(
        (id) => String(id) === this.id,
        () => false,
      );
    });
  }

  async send(...args: readonly Argument[]): Promise<unknown> {
    this.#admin ??= await connectAdmin(this.url);
    try {
      return await this.#admin.send(...args);
    } catch (error) {
      if (!(error instanceof Error) || /^[A-Z]+ /.test(error.message)) throw error;
      await this.#forgetAdmin();
      throw error;
    }
  }

  async kill(): Promise<void> {
    await this.#forgetAdmin();
    if (this.#child !== undefined) await endProcess(this.#child);
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async #forgetAdmin(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await admin?.end();
  }
}

class Cluster implements RedisCluster {
  readonly nodes: Node[];
  readonly #folder: string;

  constructor(nodes: readonly Node[], folder: string) {
    this.nodes = [...nodes];
    this.#folder = folder;
  }

  get rootNodes(): readonly { readonly url: string }[] {
    return this.nodes.map(({ url }) => ({ url }));
  }

  async add(): Promise<ClusterNode> {
    const node = new Node(await freePort(), this.#folder);
    await writeFile(node.configPath, configOf([node], node, 0));
    await node.start();
    const [first] = await this.masters();
    await first?.send('CLUSTER', 'MEET', '127.0.0.1', String(node.port));
    this.nodes.push(node);
    await this.isWell();
    return node;
  }

  async remove(node: ClusterNode): Promise<void> {
    const rest = this.nodes.filter((each) => each !== node);
    this.nodes.splice(0, Infinity, ...rest);
    await node.kill();
    for (const each of rest) await each.send('CLUSTER', 'FORGET', node.id);
  }

  async masterOf(slot: number, node?: ClusterNode): Promise<ClusterNode> {
    const lines = node === undefined ? await this.#lines() : linesOf(await node.send('CLUSTER', 'NODES'));
    const line = lines.find((fields) => fields.slice(8).some((range) => holds(range, slot)));
    return this.#byId(line?.[0]);
  }

  async replicaOf(master: ClusterNode): Promise<ClusterNode> {
    const line = (await this.#lines()).find(([, , flags, of]) => of === master.id && !flags?.includes('fail'));
    return this.#byId(line?.[0]);
  }

  async masters(): Promise<readonly ClusterNode[]> {
    const lines = (await this.#lines()).filter((fields) => fields.length > 8 && !fields[2]?.includes('fail'));
    return lines.map(([id]) => this.#byId(id));
  }

  async migrate(
    slot: number,
    to: ClusterNode,
    during?: () => Promise<void>,
    first: (keys: string[]) => string[] = (keys) => keys.slice(0, Math.ceil(keys.length / 2)),
  ): Promise<void> {
    const from = await this.masterOf(slot);
    const number = String(slot);
    await to.send('CLUSTER', 'SETSLOT', number, 'IMPORTING', from.id);
    await from.send('CLUSTER', 'SETSLOT', number, 'MIGRATING', to.id);
    let isFirst = true;
    let failure: unknown;
    for (;;) {
      const keys = (await from.send('CLUSTER', 'GETKEYSINSLOT', number, '1000')) as string[];
      if (keys.length === 0) break;
      const some = isFirst ? first(keys.map(String)) : keys;
      if (some.length > 0) await from.send('MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...some);
      if (isFirst)
        await during?.().catch((error: unknown) => {
          failure = error;
        });
      isFirst = false;
    }
    for (const node of [to, from]) await node.send('CLUSTER', 'SETSLOT', number, 'NODE', to.id);
    await until('all nodes know of it', async () => (await this.masterOf(slot)) === to);
    if (failure !== undefined) throw failure;
  }

  async failOver(master: ClusterNode): Promise<ClusterNode> {
    const replica = await this.replicaOf(master);
    await until('the replica takes over', async () => {
      await replica.send('CLUSTER', 'FAILOVER').catch(() => {});
      return (await this.masters()).includes(replica);
    });
    return replica;
  }

  async isWell(): Promise<void> {
    await until(
      'the cluster is well',
      async () => {
        const states = await Promise.all(this.nodes.map((node) => stateOf(node)));
        return states.every((state) => state !== 'ill' && state === states[0]);
      },
      60_000,
    );
  }

  async cutFeeds(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.send('CLIENT', 'KILL', 'TYPE', 'pubsub')));
  }

  async flush(): Promise<void> {
    for (const master of await this.masters()) await master.send('FLUSHALL');
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) node.resume();
    await Promise.all(this.nodes.map((node) => node.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #byId(id: string | undefined): Node {
    const node = this.nodes.find((each) => each.id === id);
    if (node === undefined) throw new Error('The cluster has no such node.');
    return node;
  }

  /** CLUSTER NODES, in fields, as the first node that answers sees it. */
  async #lines(): Promise<string[][]> {
    for (const node of this.nodes) {
      const text = await node.send('CLUSTER', 'NODES').catch(() => undefined);
      if (text !== undefined) return linesOf(text);
    }
    throw new Error('No node of the cluster answers.');
  }
}

/** Who has which slots, by what a node says that is well. */
async function stateOf(node: Node): Promise<string> {
  try {
    const info = String(await node.send('CLUSTER', 'INFO'));
    const replication = String(await node.send('INFO', 'replication'));
    const isLinked = !replication.includes('role:slave') || replication.includes('master_link_status:up');
    if (!info.includes('cluster_state:ok') || !info.includes('cluster_slots_ok:16384') || !isLinked) return 'ill';
    return linesOf(await node.send('CLUSTER', 'NODES'))
      .map(([id, , flags = '', , , , , , ...slots]) => `${id} ${flags.replace('myself,', '')} ${slots.join(' ')}`)
      .toSorted()
      .join('\n');
  } catch {
    return 'ill';
  }
}

/** CLUSTER NODES, in fields. */
function linesOf(text: unknown): string[][] {
  return String(text)
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
}

function holds(range: string, slot: number): boolean {
  const [first, last = first] = range.split('-');
  return !range.startsWith('[') && Number(first) <= slot && slot <= Number(last);
}
