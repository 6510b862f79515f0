import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type DictChange, FlushError, openDict, UnavailableError } from 'neardict';
import { DictEmitter } from '../../lib/dict/events.ts';
import { freshNamespace, openInMemory, turn } from '../support/openInMemory.ts';
import { wrapStore } from '../support/wrapStore.ts';
import { until } from '../support/until.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

/** Catches the warnings of the process. */
function catchWarnings(): jest.SpiedFunction<(message: string, options: object) => void> {
  return jest
    .spyOn(process as { emitWarning(message: string, options: object): void }, 'emitWarning')
    .mockReturnValue();
}

/** A store that refuses every write. */
const refusing = wrapStore(() => ({ write: () => Promise.reject(new UnavailableError('The store is full.')) }));

describe("the event 'change'", () => {
  it('carries type, key, version and origin, and no value', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Record<string, number>>({ namespace });
    await using there = await openDict<Record<string, number>>({ namespace });
    const local: DictChange[] = [];
    const remote: DictChange[] = [];
    here.on('change', (change) => local.push(change));
    there.on('change', (change) => remote.push(change));

    const version = await here.set('x', 1);
    await here.delete('x');
    await here.clear();
    await turn();

    expect(remote).toEqual([
      { type: 'set', key: 'x', version, local: false },
      { type: 'delete', key: 'x', version: null, local: false },
      { type: 'clear', local: false },
    ]);
    expect(local).toEqual(remote.map((change) => ({ ...change, local: true })));
  });

  it('comes when the reader of the same key already has the new value', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Record<string, number>>({ namespace });
    await using there = await openDict<Record<string, number>>({ namespace });
    const seen: unknown[] = [];
    await there.get('x');
    there.on('change', () => seen.push(there.peek('x')));

    await here.set('x', 1);
    await turn();

    expect(seen).toEqual([1]);
  });

  it('stops after off, and comes once after once', async () => {
    await using handle = await openInMemory();
    const counts = { on: 0, once: 0 };
    const listener = (): void => {
      counts.on++;
    };

    handle.on('change', listener).once('change', () => counts.once++);
    await handle.set('x', 1);
    await handle.set('x', 2);
    await turn();
    handle.off('change', listener);
    await handle.set('x', 3);
    await turn();

    expect(counts).toEqual({ on: 2, once: 1 });
  });
});

describe('a listener that throws', () => {
  it('disturbs neither the other listeners nor the following, and is reported as an error', async () => {
    const namespace = freshNamespace();
    await using here = await openDict<Record<string, number>>({ namespace });
    await using there = await openDict<Record<string, number>>({ namespace });
    await there.get('x');
    const errors: unknown[] = [];
    const later: unknown[] = [];
    there.on('error', (error) => errors.push(error));
    there.on('change', () => {
      throw new Error('a bug of the listener');
    });
    there.on('change', (change) => later.push(change));

    await here.set('x', 1);
    await here.set('x', 2);
    await turn();

    expect(await there.get('x')).toBe(2);
    expect(later).toHaveLength(2);
    expect(errors).toEqual([new Error('a bug of the listener'), new Error('a bug of the listener')]);
  });

  it('asynchronously is reported in the same way', async () => {
    await using handle = await openInMemory();
    const errors: unknown[] = [];
    handle.on('error', (error) => errors.push(error));
    // oxlint-disable-next-line typescript/no-misused-promises -- this is what is tested
    handle.on('change', async () => {
      await turn();
      throw new Error('a bug of the listener');
    });

    await handle.set('x', 1);

    await until('the failure is reported', () => errors.length > 0);
    expect(errors).toEqual([new Error('a bug of the listener')]);
  });

  it("is a warning when it listens to 'error'", async () => {
    const warnings = catchWarnings();
    await using handle = await openInMemory({ store: refusing });
    handle.on('error', () => {
      throw new Error('a bug of the listener');
    });

    handle.dict['x'] = 1;
    await expect(handle.flush()).rejects.toThrow(FlushError);

    expect(warnings).toHaveBeenCalledTimes(1);
    expect(warnings.mock.calls[0]?.[0]).toContain('a bug of the listener');
  });

  it.each([{ thrown: undefined }, { thrown: null }, { thrown: 5 }, { thrown: Object.create(null) as object }])(
    'may throw anything: $thrown',
    async ({ thrown }) => {
      const warnings = catchWarnings();
      await using handle = await openInMemory();
      handle.on('change', () => {
        // oxlint-disable-next-line typescript/only-throw-error -- this is what is tested
        throw thrown;
      });

      await handle.set('x', 1);
      await turn();

      expect(await handle.get('x')).toBe(1);
      expect(warnings).toHaveBeenCalledTimes(1);
    },
  );
});

describe("the event 'error'", () => {
  it('tells of each write that failed in the background, once', async () => {
    await using handle = await openInMemory({ store: refusing });
    const errors: unknown[] = [];
    handle.on('error', (error) => errors.push(error));

    handle.dict['a'] = 1;
    delete handle.dict['b'];
    await expect(handle.set('c', 1)).rejects.toThrow(UnavailableError);
    await expect(handle.flush()).rejects.toThrow(FlushError);

    expect(errors).toHaveLength(2);
    expect(errors[0]).toBeInstanceOf(UnavailableError);
  });

  it('without a listener is one warning a minute, and throws nothing', async () => {
    const warnings = catchWarnings();
    await using handle = await openInMemory({ store: refusing });

    handle.dict['a'] = 1;
    handle.dict['b'] = 1;
    await expect(handle.flush()).rejects.toMatchObject({ failed: 2 });
    handle.dict['c'] = 1;
    await expect(handle.flush()).rejects.toMatchObject({ failed: 1 });

    expect(warnings).toHaveBeenCalledTimes(1);
    const [message, options] = warnings.mock.calls[0] ?? [];
    expect(message).toContain(handle.namespace);
    expect(message).toContain('The store is full.');
    expect(options).toMatchObject({ type: 'NearDictWarning' });
  });

  it('warns again after a minute', () => {
    const warnings = catchWarnings();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(1000);
    const emitter = new DictEmitter('users');

    emitter.emit('error', new Error('first'));
    clock.mockReturnValue(60_999);
    emitter.emit('error', new Error('second'));
    clock.mockReturnValue(61_000);
    emitter.emit('error', new Error('third'));

    expect(warnings.mock.calls.map(([message]) => /first|second|third/.exec(message)?.[0])).toEqual(['first', 'third']);
  });
});

describe("the event 'close'", () => {
  it('comes once, after which the handle holds no listener', async () => {
    const handle = await openInMemory();
    const met: string[] = [];
    handle.on('close', () => met.push('close'));

    await handle.close();
    await handle.close();

    expect(met).toEqual(['close']);
  });
});

describe("the event 'state'", () => {
  it('tells the new and the former state', async () => {
    let listener: { live(): void; interrupted(): void } | undefined;
    const store = wrapStore((space) => ({
      follow(partition, feed, deadline) {
        listener = feed;
        return space.follow(partition, feed, deadline);
      },
    }));
    await using handle = await openInMemory({ store });
    const met: unknown[] = [];
    handle.on('state', (now, before) => met.push([now, before]));

    const { state } = handle;
    listener?.interrupted();
    const interrupted = handle.state;
    listener?.live();
    await until('it is coherent again', () => handle.state === 'coherent');

    expect([state, interrupted]).toEqual(['coherent', 'suspect']);
    expect(met).toEqual([
      ['suspect', 'coherent'],
      ['coherent', 'suspect'],
    ]);
  });
});
