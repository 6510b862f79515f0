import { format, inspect, isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openDict, openMirror } from 'neardict';
import { freshNamespace } from '../../support/openInMemory.ts';
import { until } from '../../support/until.ts';

type Data = Record<string, unknown>;
type Step = (target: Data) => void;

/** Names that mean something on objects, or are ordered in a way of their own, among others. */
const key = fc.constantFrom('a', 'b', 'then', 'toJSON', 'constructor', 'hasOwnProperty', '10', '2', 'two words', 'ä');
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.string({ unit: 'grapheme-ascii' }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('x', 'y', 'length', 'valueOf'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(key, value).map(
      ([name, given]): Step =>
        (target) =>
          void (target[name] = given),
    ),
  },
  {
    weight: 1,
    arbitrary: key.map(
      (name): Step =>
        (target) =>
          void delete target[name],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.dictionary(key, value, { noNullPrototype: true }).map(
      (given): Step =>
        (target) =>
          Object.assign(target, given),
    ),
  },
);

/** All that a program can find out about it without changing it. */
function lookAt(target: Data): unknown {
  const inherited: string[] = [];
  for (const name in target) inherited.push(name);
  const look = {
    keys: Object.keys(target),
    inherited,
    own: Reflect.ownKeys(target),
    values: Object.values(target),
    descriptors: Object.getOwnPropertyDescriptors(target),
    spread: { ...target },
    // A key of this name is called by JSON on a literal, too.
    json: typeof target['toJSON'] === 'function' ? undefined : JSON.stringify(target),
    shown: inspect(target, { depth: 9 }),
    formatted: format('%o %j', { inner: Object.keys(target) }, { inner: Object.values(target) }),
    has: ['a', 'then', '10', 'missing'].map((name) => [name in target, Object.hasOwn(target, name)]),
  };
  return look;
}

describe('config after any assignments and deletes', () => {
  it('can not be told from a literal that had the same, and is the same for every process', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const namespace = freshNamespace();
        await using there = await openDict({ namespace });
        await using other = await there.mirror();
        await using mirror = await openMirror<Data>({ namespace });
        const literal: Data = {};

        for (const act of steps) {
          act(literal);
          act(mirror.config);
          expect(lookAt(mirror.config)).toEqual(lookAt(literal));
          expect(isDeepStrictEqual(mirror.current, literal)).toBe(true);
        }

        await mirror.handle.flush();
        expect(lookAt(mirror.config)).toEqual(lookAt(literal));
        await until('the other process shows it', () => isDeepStrictEqual(other.current, literal));
      }),
      { numRuns: 100 },
    );
  });
});
