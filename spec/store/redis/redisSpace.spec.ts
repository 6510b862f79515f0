import { describe, expect, it } from '@jest/globals';
import { AmbiguousWriteError, type Space, UnavailableError } from 'neardict';
import { describeLayout } from '../../../lib/store/layout.ts';
import type { DataClient } from '../../../lib/store/redis/client.ts';
import { Connection } from '../../../lib/store/redis/connection.ts';
import { RedisSpace } from '../../../lib/store/redis/redisSpace.ts';
import type { MessageSource } from '../../../lib/store/redis/subscriber.ts';
import { batch, bytes, soon } from '../../../lib/testing/contract/batches.ts';

const layout = { partitions: 1, hash: 'none', codec: 'none' };
const options = { namespace: 'n', layout, inlineBytes: 256, tracking: false, origin: 1 };
/** Some write of the partition had a time to live. */
const position = Buffer.from('000000000001800000000001', 'hex');

/** A server that answers until it has answered `left` commands. */
class Server implements DataClient {
  readonly isOpen = true;
  isReady = true;
  left = Infinity;
  /** Whether the slot of the keys is under way. */
  isSplit = false;

  async sendCommand([command, ...args]: readonly string[]): Promise<unknown> {
    if (this.left-- <= 0) return new Promise(() => {});
    if (command === 'GET') return args[0] === 'n#meta' ? Buffer.from(describeLayout(layout)) : position;
    if (command === 'PTTL') return 1000;
    if (command === 'EVALSHA') return args[1] === '2' ? [] : position;
    if (args.length > 1 && this.isSplit) throw new Error('TRYAGAIN Multiple keys request during rehashing of slot');
    return args.map((name) => (name === 'n#position' ? position : Buffer.from('value')));
  }

  on(): void {}

  off(): void {}
}

function spaceOn(server: Server): Space {
  return new RedisSpace(new Connection(server), {} as MessageSource, options, async () => {});
}

const write = (space: Space, deadline: number): Promise<unknown> =>
  space.write(0, batch({ sets: [['a', bytes('1')]] }), deadline);
const read = (space: Space, deadline: number): Promise<unknown> => space.read(0, ['a', 'b'], deadline);

describe.each([
  { what: 'a read', isSplit: false, commands: 4, call: read, error: UnavailableError },
  {
    what: 'a read while the slot of the partition moves',
    isSplit: true,
    commands: 7,
    call: read,
    error: UnavailableError,
  },
  { what: 'a write', isSplit: false, commands: 3, call: write, error: AmbiguousWriteError },
])('$what', ({ isSplit, commands, call, error }) => {
  function server(left: number): Server {
    return Object.assign(new Server(), { left, isSplit });
  }

  it('takes so many commands', async () => {
    const counting = server(1000);

    await call(spaceOn(counting), soon());

    expect(1000 - counting.left).toBe(commands);
  });

  it('ends by its deadline, whichever of its commands is not answered', async () => {
    const calls = Array.from({ length: commands }, (_, answered) =>
      call(spaceOn(server(answered)), performance.now() + 50),
    );

    const outcomes = await Promise.allSettled(calls);

    const reasons = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as unknown) : undefined,
    );
    for (const reason of reasons.slice(0, -1)) expect(reason).toBeInstanceOf(UnavailableError);
    expect(reasons.at(-1)).toBeInstanceOf(error);
  });

  it('ends by its deadline when there is no connection', async () => {
    const away = Object.assign(server(0), { isReady: false });

    await expect(call(spaceOn(away), performance.now() + 50)).rejects.toThrow(UnavailableError);
  });

  it('rejects, and does not throw, when the space is closed', async () => {
    const space = spaceOn(server(0));
    await space.close();

    await expect(call(space, soon())).rejects.toThrow("'n'");
  });
});
