import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { RedisLike } from '../../../lib/store/redis/client.ts';
import { LentClient } from '../../../lib/store/redis/lentClient.ts';

/** A client of somebody else's, and how many duplicates were made of it. */
class Lender extends EventEmitter implements RedisLike {
  isOpen = true;
  isReady = true;
  duplicates = 0;
  async sendCommand(): Promise<string> {
    return 'from the lent one';
  }
  async subscribe(): Promise<void> {}

  duplicate(): unknown {
    this.duplicates++;
    const client = { connect: () => new Promise(() => {}), unref() {}, destroy() {} };
    return Object.assign(new EventEmitter(), client);
  }
}

/** A borrowed client, and how often it was told that it is ready. */
function borrow(lender: Lender): { readonly client: LentClient; readonly told: string[] } {
  const client = new LentClient(lender);
  const told: string[] = [];
  for (const event of ['ready', 'end']) client.on(event, () => told.push(event));
  return { client, told };
}

describe('a lent client', () => {
  it('that gets ready for the first time is used itself', async () => {
    const lender = new Lender();
    lender.isReady = false;
    const { client, told } = borrow(lender);
    expect(client.isReady).toBe(false);

    lender.isReady = true;
    lender.emit('ready');

    expect([client.isReady, told, lender.duplicates]).toEqual([true, ['ready'], 0]);
    expect(await client.sendCommand(['PING'])).toBe('from the lent one');
  });

  it('that has lost its connection is not used again, and replaced by one duplicate', async () => {
    const lender = new Lender();
    const { client, told } = borrow(lender);

    lender.emit('reconnecting');
    lender.emit('reconnecting');
    lender.emit('ready');

    expect([client.isReady, told, lender.duplicates]).toEqual([false, [], 1]);
    await expect(client.sendCommand(['PING'])).rejects.toThrow('The command was not sent');
    client.close();
  });

  it('that its owner has closed and connected again is replaced', () => {
    const lender = new Lender();
    const { client, told } = borrow(lender);

    lender.emit('end');
    expect([client.isReady, told, lender.duplicates]).toEqual([false, ['end'], 0]);
    lender.emit('ready');

    expect(lender.duplicates).toBe(1);
    client.close();
  });
});
