// npx vitest run --root examples/testing
import { afterAll, describe, expect, it } from 'vitest';
import { memoryStore, openDict } from 'neardict';
import { leakCheck, storeContract, testStore, until } from 'neardict/testing';
import { greeting } from './serviceUnderTest.js';

const check = leakCheck();
afterAll(() => check());

describe('the greeting', () => {
  it('is the built-in one while the store is out of reach', async () => {
    const store = testStore();
    /** @type {import('neardict').NearDict<{ greeting: string }>} */
    const settings = await openDict({ namespace: 'settings', store });
    await settings.set('greeting', 'Hi');

    store.partition();
    store.clock.advance('5s');
    expect(await greeting(settings)).toBe('Hello!');

    store.heal();
    await until('the store is back', async () => (await greeting(settings)) === 'Hi!');
    await settings.close();
  });
});

describe('the store', () => {
  for (const { name, run } of storeContract(() => memoryStore())) it(name, run);
});
