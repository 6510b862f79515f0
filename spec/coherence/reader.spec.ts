import { describe, expect, it, jest } from '@jest/globals';
import { memoryStore, openDict, UnavailableError } from 'neardict';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';

describe('a read that has failed', () => {
  it('is not joined by later readers while a walk has its key under way', async () => {
    const namespace = freshNamespace();
    await using writer = await openInMemory<{ a: number }>({ namespace });
    await writer.set('a', 1);
    const store = memoryStore();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const calls: string[] = [];
    await using handle = await openDict<{ a: number }>({
      namespace,
      store: {
        name: store.name,
        defaultPartitions: store.defaultPartitions,
        async open(...args) {
          const space = await store.open(...args);
          const read = space.read.bind(space);
          jest
            .spyOn(space, 'read')
            .mockImplementationOnce(async (...asked) => {
              calls.push('walk');
              await held;
              return read(...asked);
            })
            .mockRejectedValueOnce(new UnavailableError('for a moment'));
          return space;
        },
      },
    });

    const walk = handle.snapshot();
    for (let turns = 0; calls.length === 0 && turns < 1000; turns++) await turn();
    expect(calls).toEqual(['walk']);
    await expect(handle.get('a')).rejects.toThrow('for a moment');

    expect(await handle.get('a')).toBe(1);
    release();
    expect(await walk).toEqual({ a: 1 });
  });
});
