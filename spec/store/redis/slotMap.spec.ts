import { describe, expect, it } from '@jest/globals';
import { redirectionOf, SlotMap } from '../../../lib/store/redis/slotMap.ts';

const host = (name: string): Buffer => Buffer.from(name);

describe('the map of slots', () => {
  it('knows the master of each slot, and of whom to ask else', () => {
    const map = new SlotMap();
    map.learn(
      [
        [0, 8191, [host('10.0.0.1'), 1, host('id'), []], [host('10.0.0.2'), 2, host('id'), []]],
        [8192, 16_383, [host('::1'), 3, host('id'), []]],
      ],
      'seed:9',
    );

    expect([map.ownerOf(0), map.ownerOf(8191), map.ownerOf(8192)]).toEqual(['10.0.0.1:1', '10.0.0.1:1', '::1:3']);
    expect([...map.masters]).toEqual(['10.0.0.1:1', '::1:3']);
    expect([...map.servers]).toEqual(['10.0.0.1:1', '10.0.0.2:2', '::1:3']);
    expect(map.isComplete).toBe(true);
  });

  it.each([null, '', '?'])('takes a server that calls itself %j for the one that was asked', (name) => {
    const map = new SlotMap();
    map.learn([[0, 16_383, [name, 7]]], 'seed:9');

    expect(map.ownerOf(5)).toBe('seed:7');
  });

  it('knows no master of slots for which the cluster names no server', () => {
    const map = new SlotMap();
    map.learn(
      [
        [0, 100],
        [101, 16_383, [host('a'), 1]],
      ],
      'seed:9',
    );

    expect([map.ownerOf(100), map.ownerOf(101), map.isComplete]).toEqual([undefined, 'a:1', false]);
    expect([...map.servers]).toEqual(['a:1']);
  });

  it('is not complete while a slot has no master', () => {
    const map = new SlotMap();
    expect(map.isComplete).toBe(false);
    map.learn([[0, 16_382, [host('a'), 1]]], 'seed:9');

    expect(map.isComplete).toBe(false);
    map.move({ slot: 16_383, address: 'b:1', isOnce: false });
    expect(map.isComplete).toBe(true);
    expect(map.ownerOf(16_383)).toBe('b:1');
  });
});

describe('a redirection', () => {
  it.each([
    ['MOVED 3999 127.0.0.1:6381', { slot: 3999, address: '127.0.0.1:6381', isOnce: false }],
    ['MOVED 3999 :6381', { slot: 3999, address: 'asked:6381', isOnce: false }],
    ['ASK 1 ::1:6381', { slot: 1, address: '::1:6381', isOnce: true }],
    ['TRYAGAIN Multiple keys request during rehashing of slot', undefined],
  ])('is read of %j', (message, redirection) => {
    expect(redirectionOf(new Error(message), 'asked:1')).toEqual(redirection);
  });
});
