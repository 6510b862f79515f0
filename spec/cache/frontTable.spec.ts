import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import QuickLRU from 'quick-lru';
import { FrontTable } from '../../lib/cache/frontTable.ts';

const GENERATION = 8;

interface Call {
  readonly name: 'get' | 'peek' | 'set' | 'delete' | 'clear';
  readonly key: string;
  readonly value: number;
}

function fronted(): { table: FrontTable<number>; lru: QuickLRU<string, number> } {
  const lru = new QuickLRU<string, number>({ maxSize: GENERATION });
  return { table: new FrontTable(lru, GENERATION / 2), lru };
}

const calls = fc.array(
  fc.record<Call>({
    name: fc.oneof(
      { arbitrary: fc.constantFrom('get', 'peek', 'set', 'delete'), weight: 50 },
      { arbitrary: fc.constant('clear'), weight: 1 },
    ),
    key: fc.nat({ max: 3 * GENERATION }).map(String),
    value: fc.nat(),
  }),
  // Short histories evict nothing.
  { maxLength: 100, size: 'max' },
);

describe('a table in front of a quick-lru', () => {
  it('answers what the quick-lru holds, and nothing that it does not', () => {
    fc.assert(
      fc.property(calls, (history) => {
        const { table, lru } = fronted();
        for (const { name, key, value } of history) {
          const held = lru.peek(key);
          if (name === 'get') expect(table.get(key)).toBe(held);
          else if (name === 'peek') expect(table.peek(key)).toBe(held);
          else if (name === 'delete') expect(table.delete(key)).toBe(held !== undefined);
          else if (name === 'set') table.set(key, value);
          else table.clear();
        }
        expect(new Map(table)).toEqual(new Map(lru));
      }),
    );
  });

  it('lets no key be evicted that is read', () => {
    const { table } = fronted();
    table.set('read', 1);

    for (let index = 0; index < 20 * GENERATION; index++) {
      table.set(`key-${index}`, index);
      table.get('read');
    }

    expect(table.get('read')).toBe(1);
    expect(table.get('key-0')).toBeUndefined();
  });

  it('looks a key up once for many reads', () => {
    const { table, lru } = fronted();
    let lookups = 0;
    lru.get = (key) => {
      lookups++;
      return lru.peek(key);
    };
    table.set('read', 1);

    for (let index = 0; index < 100; index++) table.get('read');

    expect(lookups).toBe(1);
  });
});
