import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { type NearDict, type OpenOptions, REMOVE } from 'neardict';
import { isDeepStrictEqual } from 'node:util';
import { openInMemory } from '../support/openInMemory.ts';

// Any calls, one after the other, do to a dictionary what they do to a plain Map.

const RUNS = 500;
const COMMANDS = 60;

type Plain = Map<string, number>;
type Real = NearDict<Record<string, number>>;

/** A call: what it does to a Map, what it does to a dictionary. Both must return the same. */
interface Call {
  readonly name: string;
  readonly plain: (plain: Plain) => unknown;
  readonly real: (real: Real) => unknown;
}

class CallCommand implements fc.AsyncCommand<Plain, Real> {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  check(): boolean {
    return true;
  }

  async run(plain: Plain, real: Real): Promise<void> {
    const wanted = this.#call.plain(plain);
    const found = await this.#call.real(real);
    if (!isDeepStrictEqual(found, wanted)) {
      throw new Error(`${this.#call.name} gave ${JSON.stringify(found)}, a Map ${JSON.stringify(wanted)}.`);
    }
  }

  toString(): string {
    return this.#call.name;
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const value = fc.integer({ min: 0, max: 9 });
const keys = fc.uniqueArray(key);

const calls: readonly fc.Arbitrary<Call>[] = [
  key.map((k) => ({ name: `get ${k}`, plain: (plain) => plain.get(k), real: (real) => real.get(k) })),
  key.map((k) => ({
    name: `get ${k} fresh`,
    plain: (plain) => plain.get(k),
    real: (real) => real.get(k, { fresh: true }),
  })),
  key.map((k) => ({ name: `has ${k}`, plain: (plain) => plain.has(k), real: (real) => real.has(k) })),
  keys.map((some) => ({
    name: `getMany ${some.join()}`,
    plain: (plain) => some.map((k) => plain.get(k)),
    real: async (real) => {
      const found = await real.getMany(some);
      return some.map((k) => found[k]);
    },
  })),
  fc.tuple(key, value).map(([k, v]) => ({
    name: `assign ${k} ${v}`,
    plain: (plain) => void plain.set(k, v),
    real: (real) => {
      real.dict[k] = v;
    },
  })),
  key.map((k) => ({
    name: `delete dict.${k}`,
    plain: (plain) => void plain.delete(k),
    real: (real) => {
      delete real.dict[k];
    },
  })),
  fc.tuple(key, value).map(([k, v]) => ({
    name: `set ${k} ${v}`,
    plain: (plain) => void plain.set(k, v),
    real: async (real) => void (await real.set(k, v)),
  })),
  key.map((k) => ({ name: `delete ${k}`, plain: (plain) => plain.delete(k), real: (real) => real.delete(k) })),
  fc.tuple(keys, value).map(([some, v]) => ({
    name: `setMany ${some.join()} ${v}`,
    plain: (plain) => {
      for (const k of some) plain.set(k, v);
    },
    real: (real) => real.setMany(some.map((k) => [k, v] as const)),
  })),
  keys.map((some) => ({
    name: `deleteMany ${some.join()}`,
    plain: (plain) => some.filter((k) => plain.delete(k)).length,
    real: (real) => real.deleteMany(some),
  })),
  key.map((k) => ({
    name: `update ${k}`,
    plain: (plain) => {
      const before = plain.get(k);
      if (before !== undefined && before > 6) plain.delete(k);
      else plain.set(k, (before ?? 0) + 1);
    },
    real: async (real) => {
      await real.update(k, (before) => (before !== undefined && before > 6 ? REMOVE : (before ?? 0) + 1));
    },
  })),
  fc.tuple(key, value).map(([k, v]) => ({
    name: `getOrSet ${k} ${v}`,
    plain: (plain) => {
      if (!plain.has(k)) plain.set(k, v);
      return plain.get(k);
    },
    real: (real) => real.getOrSet(k, () => v),
  })),
  fc.constant({
    name: 'clear',
    plain: (plain: Plain) => {
      plain.clear();
    },
    real: (real: Real) => real.clear(),
  }),
  fc.constant({ name: 'flush', plain: () => undefined, real: (real: Real) => real.flush() }),
];

const commands = fc.commands(
  calls.map((call) => call.map((each) => new CallCommand(each))),
  { maxCommands: COMMANDS, size: 'max' },
);

/** Runs the commands, and then looks at what is in the store. */
async function run(cmds: Iterable<fc.AsyncCommand<Plain, Real>>, options: Partial<OpenOptions>): Promise<void> {
  await using handle = await openInMemory<Record<string, number>>(options);
  const plain: Plain = new Map();
  await fc.asyncModelRun(() => ({ model: plain, real: handle }), cmds);
  await handle.flush();
  const stored = new Map(Object.entries(await handle.snapshot()));
  const isEqual = stored.size === plain.size && [...plain].every(([k, v]) => stored.get(k) === v);
  if (!isEqual)
    throw new Error(`The store ends with ${JSON.stringify([...stored])}, the Map with ${JSON.stringify([...plain])}.`);
}

describe.each<{ readonly name: string; readonly options: Partial<OpenOptions> }>([
  { name: 'writes through', options: {} },
  { name: 'writes through, with a cache that is too small', options: { cache: { maxItems: 2 } } },
  { name: 'writes back', options: { write: 'back' } },
  {
    name: 'writes back, with a cache that is too small and room for no more edits than keys',
    options: { write: { mode: 'back', maxDirty: 5 }, cache: { maxItems: 2 } },
  },
])('a dictionary that $name', ({ options }) => {
  it('is a Map to who calls it', async () => {
    await fc.assert(
      fc.asyncProperty(commands, (cmds) => run(cmds, options)),
      { numRuns: RUNS },
    );
  });
});
