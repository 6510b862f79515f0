import { describe, expect, it } from '@jest/globals';
import { Generations } from '../../lib/cache/generations.ts';

function filled(maxItems: number, count: number, onEvicted: (key: string) => void = () => {}): Generations<number> {
  const map = new Generations<number>(maxItems, onEvicted);
  for (let index = 0; index < count; index++) map.set(`key-${index}`, index);
  return map;
}

describe('a map of generations', () => {
  it('holds a key once, with the value set last, whichever generation it was in', () => {
    const map = filled(4, 2);

    map.set('key-0', 10);

    expect(map.get('key-0')).toBe(10);
    expect([...map]).toEqual([
      ['key-0', 10],
      ['key-1', 1],
    ]);
  });

  it('tells of every key that makes room, once, and of none that is still there', () => {
    const evicted: string[] = [];
    const map = filled(10, 100, (key) => evicted.push(key));

    map.set('key-99', 0);
    const held = [...map].map(([key]) => key);

    expect(new Set(evicted).size).toBe(evicted.length);
    expect(held.filter((key) => evicted.includes(key))).toEqual([]);
    expect(held.length + evicted.length).toBe(100);
  });

  it('keeps what is read, and evicts what is not', () => {
    const evicted: string[] = [];
    const map = new Generations<number>(10, (key) => evicted.push(key));
    map.set('read', 0);

    for (let index = 0; index < 100; index++) {
      map.set(`key-${index}`, index);
      map.get('read');
    }

    expect(map.get('read')).toBe(0);
    expect(evicted).toContain('key-0');
    expect(evicted).not.toContain('read');
  });

  it('deletes from both generations, and tells nobody', () => {
    const evicted: string[] = [];
    const map = filled(6, 5, (key) => evicted.push(key));

    const deleted = [map.delete('key-0'), map.delete('key-4'), map.delete('key-0'), map.delete('never there')];

    expect(deleted).toEqual([0, 4, undefined, undefined]);
    expect([map.get('key-0'), map.get('key-4')]).toEqual([undefined, undefined]);
    expect(evicted).toEqual([]);
  });

  it.each(['__proto__', 'constructor', '42', '-1', ''])('takes %j for a key like any other', (key) => {
    const map = filled(10, 1);
    const before = map.get(key);

    map.set(key, 7);

    expect([before, map.get(key), map.delete(key), map.get(key)]).toEqual([undefined, 7, 7, undefined]);
    expect([...map]).toEqual([['key-0', 0]]);
  });

  it('without a limit holds everything, and with a clear nothing', () => {
    const map = filled(Number.POSITIVE_INFINITY, 1000);
    const count = [...map].length;

    map.clear();

    expect([count, ...map]).toEqual([1000]);
  });
});
