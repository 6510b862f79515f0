import { afterEach, describe, expect, it } from '@jest/globals';
import { ClusterClient } from '../../../lib/store/redis/clusterClient.ts';
import { LostError, NotSentError } from '../../../lib/store/redis/failures.ts';
import { soon } from '../../../lib/testing/contract/batches.ts';
import { StubClient } from '../../support/stubClient.ts';
import { until } from '../../support/until.ts';

/** What a server replies to a command; an error is an error reply. */
type Reply = (command: string) => unknown;

/** A connection to a server that replies as the test says. */
class FakeServer extends StubClient {
  readonly #reply: Reply;

  constructor(reply: Reply) {
    super();
    this.#reply = reply;
  }

  async connect(): Promise<void> {
    this.emit('connect');
    this.isOpen = true;
    this.isReady = true;
  }

  async sendCommand(args: readonly string[]): Promise<unknown> {
    const reply = this.#reply(args.join(' '));
    if (reply instanceof Error) throw reply;
    return reply;
  }
}

/** The slot of the key `foo`. */
const SLOT = 12_182;
const HALVES = [
  [0, 8191, ['one', 1]],
  [8192, 16_383, ['two', 2]],
];

describe('a cluster client', () => {
  let cluster: ClusterClient;
  /** The newest connection to each server. */
  const made = new Map<string, FakeServer>();
  /** What was sent, besides questions for the slots: the server and the command. */
  let sent: string[] = [];
  let questions = 0;
  afterEach(() => {
    cluster.close();
  });

  async function connect(slots: unknown, servers: Readonly<Record<string, Reply>>): Promise<void> {
    sent = [];
    questions = 0;
    cluster = new ClusterClient({
      isOpen: true,
      seeds: Object.keys(servers),
      makeClient(address) {
        const server = new FakeServer((command) => {
          if (command !== 'CLUSTER SLOTS') {
            sent.push(`${address} ${command}`);
            return servers[address]?.(command);
          }
          questions++;
          return slots;
        });
        made.set(address, server);
        return server;
      },
    });
    await cluster.connected;
  }
  /** All masters have a connection. */
  const ready = (): Promise<unknown> => cluster.servers(soon());

  it('does not send what concerns a slot that no server has, and says so', async () => {
    await connect([[0, 5000, ['one', 1]]], { 'one:1': () => 'value' });

    const sending = cluster.sendCommand(['GET', 'foo']);

    await expect(sending).rejects.toThrow(NotSentError);
    await expect(sending).rejects.toThrow('no server has the slot of this key');
    expect(sent).toEqual([]);
  });

  it('does not wait for connections to all masters beyond the deadline', async () => {
    await connect([[0, 5000, ['one', 1]]], { 'one:1': () => 'value' });

    await expect(cluster.servers(performance.now() + 100)).rejects.toThrow('not every master has a connection');
  });

  it('gives up a command that servers send to each other', async () => {
    await connect(HALVES, {
      'one:1': () => new Error(`MOVED ${SLOT} two:2`),
      'two:2': () => new Error(`MOVED ${SLOT} one:1`),
    });
    await ready();

    const sending = cluster.sendCommand(['GET', 'foo'], undefined, soon());

    await expect(sending).rejects.toThrow(NotSentError);
    await expect(sending).rejects.toThrow('from one to another');
    expect(sent).toEqual(['two:2', 'one:1', 'two:2', 'one:1', 'two:2'].map((address) => `${address} GET foo`));
  });

  it('does not send a command on after its deadline', async () => {
    await connect(HALVES, { 'one:1': () => 'value', 'two:2': () => new Error(`MOVED ${SLOT} one:1`) });
    await ready();

    await expect(cluster.sendCommand(['GET', 'foo'], undefined, performance.now() - 1)).rejects.toThrow(NotSentError);
    expect(sent).toEqual(['two:2 GET foo']);
  });

  it('asks the other server once while a slot moves, and goes on with the first', async () => {
    const replies: unknown[] = [new Error(`ASK ${SLOT} one:1`), 'from the old one'];
    await connect(HALVES, { 'one:1': () => 'from the new one', 'two:2': () => replies.shift() });
    await ready();

    expect(await cluster.sendCommand(['GET', 'foo'])).toBe('from the new one');
    expect(await cluster.sendCommand(['GET', 'foo'])).toBe('from the old one');
    expect(sent).toEqual(['two:2 GET foo', 'one:1 ASKING', 'one:1 GET foo', 'two:2 GET foo']);
  });

  it('believes a subscriber that was sent elsewhere, and asks again after any other error', async () => {
    await connect(HALVES, { 'one:1': () => 'value', 'two:2': () => 'value' });
    await ready();
    let maps = 0;
    cluster.on('map', () => maps++);

    cluster.mistaken('two:2', new Error(`MOVED ${SLOT} one:1`));
    expect([cluster.masterOf('foo'), maps]).toEqual(['one:1', 1]);
    await until('it has asked', () => cluster.masterOf('foo') === 'two:2');

    const before = questions;
    cluster.mistaken('two:2', new Error('ERR'));
    await until('it has asked again', () => questions > before);
  });

  it('says of a command that it was lost with its connection, and passes an error reply on', async () => {
    await connect(HALVES, {
      'one:1': () => 'value',
      'two:2'(command) {
        if (command.startsWith('SET')) made.get('two:2')?.destroy();
        return new Error('ERR no');
      },
    });
    await ready();

    const refused = cluster.sendCommand(['GET', 'foo']);
    await expect(refused).rejects.toThrow('ERR no');
    await expect(refused).rejects.not.toBeInstanceOf(LostError);
    await expect(cluster.sendCommand(['SET', 'foo', '1'])).rejects.toThrow(LostError);
  });

  it('has no connection for messages while no server can be reached', async () => {
    await connect(HALVES, { 'one:1': () => 'value', 'two:2': () => 'value' });
    await ready();
    expect(cluster.clientForMessages()).toBeInstanceOf(FakeServer);

    cluster.close();

    expect(() => cluster.clientForMessages()).toThrow('no server can be reached');
  });
});
