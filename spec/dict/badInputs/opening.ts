import { inspect } from 'node:util';
import { expect } from '@jest/globals';
import { openDict, type OpenOptions, type Store } from 'neardict';
import { redisStore } from 'neardict/redis';
import type { Source } from '../../support/places.ts';
import { codeOf, errorOf, type Row, type Stage } from './row.ts';

const PASSWORD = 'hunter2-secret';

/** How a user of this name and password connects. */
function sourceOf(source: Source, username: string, password: string): Source {
  const login = { username, password };
  return 'rootNodes' in source ? { ...source, defaults: login } : { ...source, ...login };
}

/** Whatever a logger could print of an error and its causes. */
function everythingOf(error: unknown): string {
  return `${inspect(error, { depth: 20, showHidden: true, getters: true })} ${JSON.stringify(error)}`;
}

async function refusesOptions(stage: Stage, code: string, all: readonly Partial<OpenOptions>[]): Promise<void> {
  const { namespace, store, write } = stage;
  const met: unknown[] = [];
  for (const options of all) met.push([options, await codeOf(() => openDict({ namespace, store, write, ...options }))]);
  expect(met).toEqual(all.map((options) => [options, code]));
}

const badUrls = [
  `redis://:${PASSWORD}@`,
  `redis://ada:${PASSWORD}@host:port`,
  `http://ada:${PASSWORD}@127.0.0.1`,
  `redis//${PASSWORD}`,
];

export const opening: readonly Row[] = [
  {
    input: 'a wrong password',
    expected: 'is an UnavailableError at once, and no error shows it',
    check: async ({ namespace, place, write }) => {
      if (place === undefined) return;
      await place.addUser('guarded', 'on', '>the-right-one', '~*', '&*', '+@all');
      const open = (password: string) => async (): Promise<void> => {
        const store = redisStore(sourceOf(place.source, 'guarded', password));
        // A client that went on trying would need all of this time.
        const handle = await openDict({ namespace, store, write, connectTimeout: '50s' });
        await handle.close();
      };

      const error = await errorOf(open(PASSWORD));

      expect(error).toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE' });
      expect(everythingOf(error)).not.toContain(PASSWORD);
      expect(await codeOf(open('the-right-one'))).toBe('no error');
    },
    inMemory: {
      expected: 'asks nobody: a memory has no users, and an option of that name is a ConfigError that does not show it',
      check: async ({ namespace }) => {
        const error = await errorOf(() => openDict({ namespace, password: PASSWORD } as OpenOptions));

        expect(error).toMatchObject({ code: 'ERR_NEARDICT_CONFIG' });
        expect(everythingOf(error)).not.toContain(PASSWORD);
      },
    },
  },
  {
    input: 'a bad URL',
    expected: 'is a ConfigError that does not show it',
    check: async ({ place }) => {
      for (const url of badUrls) {
        const isCluster = place !== undefined && 'rootNodes' in place.source;
        const error = await errorOf(() => redisStore(isCluster ? { rootNodes: [{ url }] } : { url }));

        expect(error).toMatchObject({ code: 'ERR_NEARDICT_CONFIG' });
        expect(everythingOf(error)).not.toContain(PASSWORD);
      }
    },
    inMemory: {
      expected: 'has no place: as an option, or as the store, it is a ConfigError that does not show it',
      check: async ({ namespace }) => {
        for (const url of badUrls) {
          for (const options of [{ url }, { store: url as unknown as Store }]) {
            const error = await errorOf(() => openDict({ namespace, ...options }));

            expect(error).toMatchObject({ code: 'ERR_NEARDICT_CONFIG' });
            expect(everythingOf(error)).not.toContain(PASSWORD);
          }
        }
      },
    },
  },
  {
    input: 'two who open a namespace with other partitions or another codec',
    expected: 'are a ConfigMismatchError for the second, and the first goes on',
    check: async (stage) => {
      const first = await stage.open({ partitions: 2 });
      await first.set('a', 1);

      await refusesOptions(stage, 'ERR_NEARDICT_CONFIG_MISMATCH', [
        { partitions: 3 },
        { partitions: 2, codec: 'json' },
        { partitions: 2, codec: { name: 'mine', encode: () => new Uint8Array(1), decode: () => 1 } },
        { partitions: 2, partitionBy: (key) => key },
      ]);

      expect(await first.get('a', { fresh: true })).toBe(1);
    },
  },
  {
    input: 'options out of their range',
    expected: 'are a ConfigError, and nothing was opened',
    check: async (stage) => {
      const noSpan = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, null, 'soon'] as unknown as readonly number[];
      await refusesOptions(stage, 'ERR_NEARDICT_CONFIG', [
        ...noSpan.flatMap((span) => [
          { maxStaleness: span },
          { verifyInterval: span },
          { staleIfError: span },
          { timeout: span },
          { connectTimeout: span },
        ]),
        { maxStaleness: 99 },
        // More than half of maxStaleness: cached reads would lapse between two proofs.
        { verifyInterval: 2501 },
        { maxStaleness: 1000, verifyInterval: 501 },
        { staleIfError: 5000 },
        { partitions: 0 },
        { partitions: 16_385 },
        { inlineBytes: 16_385 },
        { maxValueBytes: 0 },
        { cache: { maxItems: 0 } },
        { write: { mode: 'back', maxDirty: 0 } },
        { write: { mode: 'back', flushInterval: 9 } },
      ]);
    },
  },
];
