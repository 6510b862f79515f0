import { connect, createServer, type Server, type Socket } from 'node:net';
import { CALM, type Conditions, FaultPipe, type PipeEffect } from './faultPipe.ts';
import { freePort } from './redisServer.ts';
import { seededRandom } from './seededRandom.ts';

/** Connections that have sent SUBSCRIBE, or the others. */
export type Target = 'data' | 'feed';
/** `up` goes to the server. */
export type Direction = 'up' | 'down';
export type Effect = PipeEffect | 'reset' | 'finished' | 'refused' | 'replyLost' | 'cutInReply';

/** A TCP proxy on loopback that does to connections what networks do. */
export interface FaultProxy {
  readonly url: string;
  /** How often each effect has met a connection. */
  readonly counts: Readonly<Record<Effect, number>>;
  /** Number of open connections that are not lost. */
  connections(target: Target): number;
  /** Changes the conditions of all connections, also those to come; what is not given becomes calm. */
  shape(target: Target, direction: Direction, conditions: Partial<Conditions>): void;
  /** Ends the connections by RST at both ends, and returns their number. */
  reset(target: Target): number;
  /** Ends them by FIN. */
  finish(target: Target): number;
  /** Makes them half-open: what goes in this direction is never seen again. New connections are well. */
  lose(target: Target, direction: Direction): number;
  /** Resets what is left of lost connections, as a server or a firewall does in the end. */
  resetLost(): number;
  /** The next request on a data connection that contains `text` is executed; its reply is lost in a RST. */
  loseReply(text: string): Promise<void>;
  /** The next thing that the server sends arrives in part; then the connection is reset. */
  cutInReply(target: Target): Promise<void>;
  /** The next thing that the server sends never arrives; the connection stays as it is. */
  loseMessage(target: Target): Promise<void>;
  /** New connections go to the server on another port, as after a failover. */
  redirect(port: number): void;
  /** Refuses new connections. */
  refuse(): void;
  accept(): Promise<void>;
  stop(): Promise<void>;
}

/** Time for the server to execute what it got, and for a client to receive what was sent, before a reset. */
const SETTLE_MS = 15;

export async function startProxy(port: number, seed: number = 1): Promise<FaultProxy> {
  const proxy = new Proxy(await freePort(), port, seed);
  await proxy.accept();
  return proxy;
}

type Shapes = Record<Target, Record<Direction, Conditions>>;

class Proxy implements FaultProxy {
  readonly counts: Record<Effect, number> = {
    delayed: 0,
    sliced: 0,
    throttled: 0,
    stalled: 0,
    swallowed: 0,
    reset: 0,
    finished: 0,
    refused: 0,
    replyLost: 0,
    cutInReply: 0,
  };
  readonly shapes: Shapes = { data: { up: CALM, down: CALM }, feed: { up: CALM, down: CALM } };
  readonly random: () => number;
  #upstreamPort: number;
  readonly #connections = new Set<Connection>();
  /** Faults that wait for the traffic they are meant for. */
  readonly #traps = new Set<Trap>();
  #server: Server | undefined;
  /** Resolve when a server that listens no more has lost its last connection. */
  readonly #closing: Promise<unknown>[] = [];
  readonly #port: number;

  /** @param port - Outside of the range that the system gives out: nobody else takes it while connections are refused. */
  constructor(port: number, upstreamPort: number, seed: number) {
    this.#port = port;
    this.#upstreamPort = upstreamPort;
    this.random = seededRandom(seed);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  connections(target: Target): number {
    return this.#of(target).length;
  }

  shape(target: Target, direction: Direction, conditions: Partial<Conditions>): void {
    this.shapes[target][direction] = { ...CALM, ...conditions };
    for (const connection of this.#connections) connection.update();
  }

  reset(target: Target): number {
    return this.#each(this.#of(target), 'reset', (connection) => {
      connection.reset();
    });
  }

  finish(target: Target): number {
    return this.#each(this.#of(target), 'finished', (connection) => {
      connection.finish();
    });
  }

  lose(target: Target, direction: Direction): number {
    const connections = this.#of(target);
    for (const connection of connections) connection.lose(direction);
    return connections.length;
  }

  resetLost(): number {
    const lost = [...this.#connections].filter(({ isLost }) => isLost);
    return this.#each(lost, 'reset', (connection) => {
      connection.reset();
    });
  }

  loseReply(text: string): Promise<void> {
    return this.#trap(
      { target: 'data', direction: 'up', matches: (chunk) => chunk.includes(text) },
      (connection, chunk) => {
        connection.lose('down');
        connection.resetSoon();
        this.counts.replyLost++;
        return chunk;
      },
    );
  }

  cutInReply(target: Target): Promise<void> {
    const matches = (chunk: Buffer): boolean => chunk.length > 2;
    return this.#trap({ target, direction: 'down', matches }, (connection, chunk) => {
      const cut = 1 + Math.floor(this.random() * (chunk.length - 2));
      connection.lose('down');
      connection.resetSoon();
      this.counts.cutInReply++;
      // Not behind the end of a line, which may be the end of the reply.
      return chunk.subarray(0, chunk[cut - 1] === 0x0a ? cut + 1 : cut);
    });
  }

  loseMessage(target: Target): Promise<void> {
    return this.#trap({ target, direction: 'down', matches: () => true }, () => {
      this.counts.swallowed++;
      return Buffer.alloc(0);
    });
  }

  redirect(port: number): void {
    this.#upstreamPort = port;
  }

  refuse(): void {
    this.counts.refused++;
    this.#stopListening();
  }

  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#connect(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    this.#stopListening();
    const ends = [...this.#connections].map((connection) => connection.destroy());
    await Promise.all([...ends, ...this.#closing]);
  }

  /** What of a chunk that passes goes on. */
  admit(connection: Connection, direction: Direction, chunk: Buffer): Buffer {
    for (const trap of this.#traps) {
      if (trap.target !== connection.target || trap.direction !== direction || !trap.matches(chunk)) continue;
      this.#traps.delete(trap);
      return trap.spring(connection, chunk);
    }
    return chunk;
  }

  #stopListening(): void {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#closing.push(new Promise((resolve) => server.close(resolve)));
  }

  #connect(down: Socket): void {
    const connection = new Connection(this, down, this.#upstreamPort, () => this.#connections.delete(connection));
    this.#connections.add(connection);
  }

  #of(target: Target): Connection[] {
    return [...this.#connections].filter((connection) => connection.target === target && !connection.isLost);
  }

  #each(connections: readonly Connection[], effect: Effect, act: (connection: Connection) => void): number {
    for (const connection of connections) act(connection);
    this.counts[effect] += connections.length;
    return connections.length;
  }

  #trap(when: Omit<Trap, 'spring'>, act: Trap['spring']): Promise<void> {
    return new Promise((resolve) => {
      this.#traps.add({
        ...when,
        spring: (connection, chunk) => {
          resolve();
          return act(connection, chunk);
        },
      });
    });
  }
}

interface Trap {
  readonly target: Target;
  readonly direction: Direction;
  readonly matches: (chunk: Buffer) => boolean;
  /** Returns what of the chunk goes on. */
  readonly spring: (connection: Connection, chunk: Buffer) => Buffer;
}

/** A client's connection and the one made for it to the server. */
class Connection {
  target: Target = 'data';
  readonly #sockets: readonly Socket[];
  readonly #pipes: Readonly<Record<Direction, FaultPipe>>;
  #soon: NodeJS.Timeout | undefined;
  /** The end of what was sent to the server. */
  #sent = '';

  constructor(proxy: Proxy, down: Socket, upstreamPort: number, ended: () => void) {
    const up = connect({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#sockets = [down, up];
    const pipe = (direction: Direction): FaultPipe =>
      new FaultPipe(direction === 'up' ? down : up, direction === 'up' ? up : down, {
        conditions: () => proxy.shapes[this.target][direction],
        random: proxy.random,
        count: (effect) => proxy.counts[effect]++,
        admit: (chunk) => {
          if (direction === 'up') this.#classify(chunk);
          return proxy.admit(this, direction, chunk);
        },
      });
    this.#pipes = { up: pipe('up'), down: pipe('down') };
    for (const socket of this.#sockets) {
      socket.on('error', () => {
        if (!this.isLost) this.reset();
      });
      socket.once('close', () => {
        if (this.#sockets.every(({ destroyed }) => destroyed)) ended();
        else if (!this.isLost) for (const other of this.#sockets) other.end();
      });
    }
  }

  get isLost(): boolean {
    return this.#pipes.up.isLost || this.#pipes.down.isLost;
  }

  update(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.update();
  }

  lose(direction: Direction): void {
    this.#pipes[direction].lose();
  }

  reset(): void {
    clearTimeout(this.#soon);
    for (const socket of this.#sockets) reset(socket);
  }

  resetSoon(): void {
    this.#soon = setTimeout(() => {
      this.reset();
    }, SETTLE_MS);
  }

  finish(): void {
    for (const socket of this.#sockets) socket.end();
  }

  async destroy(): Promise<void> {
    clearTimeout(this.#soon);
    await Promise.all(this.#sockets.map((socket) => closed(socket)));
  }

  /** The command may come in pieces. */
  #classify(chunk: Buffer): void {
    const sent = this.#sent + chunk.toString('latin1');
    if (/\bSUBSCRIBE\b/i.test(sent)) this.target = 'feed';
    this.#sent = sent.slice(-'\nSUBSCRIBE'.length);
  }
}

/** While a socket is shut down, libuv refuses to reset it, and Node then loses the handle that is still open. */
function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const end = new Promise((resolve) => socket.once('close', resolve));
  socket.destroy();
  await end;
}
