import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import QuickLRU from 'quick-lru';
import { FrontTable, type Holdable } from '../../lib/cache/frontTable.ts';

const GENERATION = 8;

interface Call {
  readonly name: 'get' | 'peek' | 'set' | 'delete' | 'clear';
  readonly key: string;
}

class Item implements Holdable {
  isHeld = true;

  leave(): void {
    this.isHeld = false;
  }
}

function fronted(): { table: FrontTable<Item>; lru: QuickLRU<string, Item> } {
  const lru = new QuickLRU<string, Item>({ maxSize: GENERATION });
  return { table: new FrontTable(lru, GENERATION / 2), lru };
}

const calls = fc.array(
  fc.record<Call>({
    name: fc.oneof(
      { arbitrary: fc.constantFrom('get', 'peek', 'set', 'delete'), weight: 50 },
      { arbitrary: fc.constant('clear'), weight: 1 },
    ),
    key: fc.nat({ max: 3 * GENERATION }).map(String),
  }),
  // Short histories evict nothing.
  { maxLength: 100, size: 'max' },
);

describe('a table in front of a quick-lru', () => {
  it('answers what the quick-lru holds, and nothing that it does not', () => {
    fc.assert(
      fc.property(calls, (history) => {
        const { table, lru } = fronted();
        for (const { name, key } of history) {
          const held = lru.peek(key);
          if (name === 'get') expect(table.get(key)).toBe(held);
          else if (name === 'peek') expect(table.peek(key)).toBe(held);
          else if (name === 'delete') expect(table.delete(key)).toBe(held !== undefined);
          else if (name === 'set') table.set(key, new Item());
          else table.clear();
        }
        expect(new Map(table)).toEqual(new Map(lru));
      }),
    );
  });

  it('lets no key be evicted that is read', () => {
    const { table } = fronted();
    const read = new Item();
    table.set('read', read);

    for (let index = 0; index < 20 * GENERATION; index++) {
      table.set(`key-${index}`, new Item());
      table.get('read');
    }

    expect(table.get('read')).toBe(read);
    expect(table.get('key-0')).toBeUndefined();
  });

  it('looks a key up once for many reads', () => {
    const { table, lru } = fronted();
    let lookups = 0;
    lru.get = (key) => {
      lookups++;
      return lru.peek(key);
    };
    table.set('read', new Item());

    for (let index = 0; index < 100; index++) table.get('read');

    expect(lookups).toBe(1);
  });

  it('answers what took the place of what it found', () => {
    const { table } = fronted();
    table.set('read', new Item());
    table.get('read');
    const next = new Item();

    table.set('read', next);

    expect(table.get('read')).toBe(next);
    table.delete('read');
    expect(table.get('read')).toBeUndefined();
  });
});
