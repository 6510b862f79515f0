import { expect, it } from '@jest/globals';
import { memoryStore } from 'neardict';
import { BoundedSpace } from '../../lib/store/boundedSpace.ts';
import { TracedSpace } from '../../lib/telemetry/tracedSpace.ts';
import { batch, bytes, soon } from '../../lib/testing/contract/batches.ts';
import { FeedRecorder } from '../../lib/testing/contract/feedRecorder.ts';
import { freshNamespace, turn } from '../support/openInMemory.ts';

it('a partition that is left is heard no more, and one that is followed again once', async () => {
  const layout = { partitions: 2, hash: 'none', codec: 'msgpack' };
  const options = { namespace: freshNamespace(), layout, inlineBytes: 0, tracking: false, origin: 1 };
  const bounded = await BoundedSpace.open(memoryStore(), options, soon(), 20_000);
  const space = new TracedSpace(bounded, { namespace: options.namespace, store: 'memory' }, 1);
  const [leaves, stays] = [new FeedRecorder(), new FeedRecorder()];
  const write = async (): Promise<void> => {
    await space.write(0, batch({ sets: [['a', bytes('1')]] }), soon());
    await turn();
  };
  for (const listener of [leaves, stays]) await space.follow(0, listener, soon());
  await write();

  space.unfollow(0, leaves);
  space.unfollow(0, new FeedRecorder());
  await write();
  expect([leaves.messages.length, stays.messages.length]).toEqual([1, 2]);

  await space.follow(0, leaves, soon());
  await write();
  expect([leaves.messages.length, stays.messages.length]).toEqual([2, 3]);
  await space.close();
});
