import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type FaultProxy, startProxy } from './faultProxy.ts';
import { until } from './until.ts';

/** A client that notes what it gets. */
interface Visitor {
  readonly socket: Socket;
  readonly pieces: string[];
  readonly got: () => string;
  /** How the connection ended: `reset`, `finished`, or not yet. */
  end: string | undefined;
}

describe('the fault proxy', () => {
  let server: Server;
  let proxy: FaultProxy;
  let visitors: Visitor[];
  /** What the server got; it answers everything with the same in capitals. */
  let heard: string;
  let guests: Set<Socket>;

  beforeEach(async () => {
    visitors = [];
    heard = '';
    guests = new Set();
    server = createServer((socket) => {
      guests.add(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString();
        socket.write(chunk.toString().toUpperCase());
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    proxy = await startProxy(typeof address === 'object' && address !== null ? address.port : 0);
  });
  afterEach(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of [...visitors.map((visitor) => visitor.socket), ...guests]) socket.destroy();
    await proxy.stop();
    await closed;
    await new Promise((resolve) => setTimeout(resolve, 1));
  });

  async function visit(): Promise<Visitor> {
    const socket = connect({ port: Number(new URL(proxy.url).port), host: '127.0.0.1', noDelay: true });
    const pieces: string[] = [];
    const visitor: Visitor = { socket, pieces, got: () => pieces.join(''), end: undefined };
    visitors.push(visitor);
    socket.on('data', (chunk: Buffer) => pieces.push(chunk.toString()));
    socket.on('end', () => (visitor.end ??= 'finished'));
    socket.on(
      'error',
      (error: NodeJS.ErrnoException) => (visitor.end ??= error.code === 'ECONNRESET' ? 'reset' : error.code),
    );
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    return visitor;
  }

  async function say(visitor: Visitor, text: string): Promise<void> {
    visitor.socket.write(text);
    await until('it is answered', () => visitor.got().endsWith(text.toUpperCase()));
  }

  const subscribed = async (): Promise<Visitor> => {
    const visitor = await visit();
    await say(visitor, 'subscribe\n');
    return visitor;
  };

  it('passes what is said and the end of it', async () => {
    const visitor = await visit();

    await say(visitor, 'one\n');
    visitor.socket.end();

    await until('both ends are closed', () => visitor.end === 'finished' && proxy.connections('data') === 0);
    expect(visitor.got()).toBe('ONE\n');
  });

  it('delays what it is told to, in order', async () => {
    const [data, feed] = [await visit(), await subscribed()];
    proxy.shape('feed', 'down', { delayMs: 100, jitterMs: 100 });
    const started = performance.now();

    await say(data, 'now\n');
    expect(proxy.counts.delayed).toBe(0);
    for (let index = 0; index < 20; index++) {
      feed.socket.write(`${index}\n`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until('all is there', () => feed.got().endsWith('19\n'));

    expect(performance.now() - started).toBeGreaterThanOrEqual(100);
    expect(feed.got()).toBe(`SUBSCRIBE\n${Array.from({ length: 20 }, (_, index) => `${index}\n`).join('')}`);
    expect(proxy.counts.delayed).toBeGreaterThan(0);
  });

  it('slices', async () => {
    const visitor = await visit();
    proxy.shape('data', 'down', { sliceBytes: 1 });

    await say(visitor, 'abcdefgh');

    expect(visitor.pieces.length).toBeGreaterThan(1);
    expect(proxy.counts.sliced).toBe(1);
  });

  it('knows a connection for messages by a command that comes in pieces', async () => {
    const visitor = await visit();
    proxy.shape('data', 'up', { sliceBytes: 1 });

    await say(visitor, 'subscribe\n');

    expect(proxy.connections('feed')).toBe(1);
  });

  it('limits the rate', async () => {
    const visitor = await visit();
    proxy.shape('data', 'up', { bytesPerSecond: 10_000 });
    const started = performance.now();

    await say(visitor, 'x'.repeat(2000));

    expect(performance.now() - started).toBeGreaterThanOrEqual(180);
    expect(proxy.counts.throttled).toBeGreaterThan(0);
  });

  it('holds back without loss, so that the sender has to wait', async () => {
    const visitor = await visit();
    proxy.shape('data', 'up', { isStalled: true });
    const block = 'x'.repeat(1024 * 1024);
    for (let index = 0; index < 8; index++) visitor.socket.write(block);
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect(heard).toBe('');
    expect(visitor.socket.writableNeedDrain).toBe(true);
    proxy.shape('data', 'up', {});
    await until('all is there', () => visitor.got().length === 8 * block.length);
  });

  it('loses requests, then the whole connection', async () => {
    const visitor = await visit();
    await say(visitor, 'one\n');

    expect(proxy.lose('data', 'up')).toBe(1);
    visitor.socket.write('two\n');
    await until('it is swallowed', () => proxy.counts.swallowed === 1);

    expect(heard).toBe('one\n');
    expect(proxy.connections('data')).toBe(0);
    await say(await visit(), 'three\n');
    expect(proxy.resetLost()).toBe(1);
    await until('it is reset', () => visitor.end === 'reset');
  });

  it('loses replies', async () => {
    const visitor = await visit();
    await say(visitor, 'one\n');

    proxy.lose('data', 'down');
    visitor.socket.write('two\n');
    await until('it is swallowed', () => proxy.counts.swallowed === 1);

    expect(heard).toBe('one\ntwo\n');
    expect(visitor.got()).toBe('ONE\n');
  });

  it('loses the reply of a request that was executed', async () => {
    const visitor = await visit();
    await say(visitor, 'one\n');
    const lost = proxy.loseReply('write');
    await say(visitor, 'two\n');

    visitor.socket.write('write\n');
    await lost;
    await until('it is reset', () => visitor.end === 'reset');

    expect(heard).toBe('one\ntwo\nwrite\n');
    expect(visitor.got()).toBe('ONE\nTWO\n');
    expect(proxy.counts.replyLost).toBe(1);
  });

  it('cuts a connection inside a reply', async () => {
    const visitor = await visit();
    const cut = proxy.cutInReply('data');

    visitor.socket.write('one two three\n');
    await cut;
    await until('it is reset', () => visitor.end === 'reset');

    expect('ONE TWO THREE\n'.startsWith(visitor.got())).toBe(true);
    expect(visitor.got().length).toBeLessThan('ONE TWO THREE\n'.length);
  });

  it('loses one message, and the connection goes on', async () => {
    const feed = await subscribed();
    const before = feed.got();
    const lost = proxy.loseMessage('feed');

    feed.socket.write('one\n');
    await lost;
    feed.socket.write('two\n');
    await until('the next one is there', () => feed.got().endsWith('TWO\n'));

    expect(feed.got()).toBe(`${before}TWO\n`);
    expect(proxy.counts.swallowed).toBe(1);
  });

  it('resets and finishes the connections that are meant', async () => {
    const [data, feed] = [await visit(), await subscribed()];
    await say(data, 'one\n');

    expect(proxy.reset('feed')).toBe(1);
    await until('the feed is reset', () => feed.end === 'reset');
    await say(data, 'two\n');
    expect(proxy.finish('data')).toBe(1);
    await until('the other is finished', () => data.end === 'finished');
    expect(proxy.counts).toMatchObject({ reset: 1, finished: 1 });
  });

  it('ends a connection that is reset while it is finished, and leaves nothing open', async () => {
    const visitor = await visit();
    await say(visitor, 'one\n');

    proxy.finish('data');
    expect(proxy.reset('data')).toBe(1);

    await until('both ends know', () => visitor.end !== undefined && [...guests].every((guest) => guest.destroyed));
  });

  it('refuses new connections for a while', async () => {
    const before = await visit();
    await say(before, 'one\n');

    proxy.refuse();
    expect((await visit()).end).toBe('ECONNREFUSED');
    await say(before, 'two\n');
    await proxy.accept();
    await say(await visit(), 'three\n');
    expect(proxy.counts.refused).toBe(1);
  });

  it('passes on that the server is gone', async () => {
    const visitor = await visit();
    await say(visitor, 'one\n');

    for (const socket of guests) socket.resetAndDestroy();

    await until('it has ended', () => visitor.end !== undefined);
    expect(visitor.end).toBe('reset');
  });
});
