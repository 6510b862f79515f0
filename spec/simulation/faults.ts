import type { Chance } from './chance.ts';
import type { EventKind } from './eventKind.ts';
import { MAX_STALENESS_MS } from './profile.ts';

/** A shorter sleep can't be told from clocks that drift apart. */
const NOTICED_SLEEP_MS = 101;

const both = (chance: Chance) => (): boolean => chance.is(0.5);

/** What goes wrong. */
export const faults: readonly EventKind[] = [
  { name: 'cut', weight: ({ profile }) => profile.cut, act: ({ process, chance }) => process.data.cut(both(chance)) },
  {
    name: 'cut feed',
    weight: ({ profile }) => profile.cutFeed,
    act: ({ process, chance }) => process.feed.cut((count) => chance.below(count + 1)),
  },
  ...(['lose', 'repeat', 'reorder', 'garble'] as const).map((how): EventKind => ({
    name: how,
    weight: ({ profile }) => (how === 'garble' ? profile.spoil / 2 : profile.spoil),
    act: ({ process }) => process.feed.spoil(how),
  })),
  {
    name: 'false announcement',
    weight: ({ profile }) => profile.spoil / 2,
    act: ({ world, process, key }) => process.feed.announce(world.ledger.truth.partitionOf(key), key),
  },
  { name: 'mute', weight: ({ profile }) => profile.mute, act: ({ process }) => process.feed.mute() },
  {
    name: 'delay',
    weight: ({ profile }) => profile.hold,
    act: ({ process, chance }) => {
      process.data.hold(2 * MAX_STALENESS_MS * chance.next());
    },
  },
  {
    name: 'delay feed',
    weight: ({ profile }) => profile.hold,
    act: ({ process, chance }) => {
      process.feed.hold(2 * MAX_STALENESS_MS * chance.next());
    },
  },
  { name: 'overtake', weight: ({ profile }) => profile.overtake, act: ({ process }) => process.data.overtake() },
  ...(['refused', 'position', 'data', 'log'] as const).map((mishap): EventKind => ({
    name: mishap === 'refused' ? 'refuse' : `half run, ${mishap} written`,
    weight: ({ process, profile }) => (process.data.canExecute ? profile.mishap : 0),
    act: ({ process }) => process.data.execute(mishap),
  })),
  { name: 'failover', weight: ({ profile }) => profile.failover, act: ({ world }) => world.failOver() },
  {
    name: 'pause',
    weight: ({ process, profile }) => (process.isPaused ? 0 : profile.pause),
    act: ({ world, process, chance }) => {
      process.isPaused = true;
      return world.wait(chance.is(0.5) ? 2 * MAX_STALENESS_MS * chance.next() : 0);
    },
  },
  {
    name: 'sleep',
    weight: ({ process, profile }) => (process.isPaused ? 0 : profile.pause / 4),
    act: ({ world, process, chance }) => world.sleep(process, NOTICED_SLEEP_MS + 2 * MAX_STALENESS_MS * chance.next()),
  },
  { name: 'wipe', weight: ({ profile }) => profile.wipe, act: ({ world }) => world.server.wipe() },
  {
    name: 'delete position',
    weight: ({ profile }) => profile.wipe,
    act: ({ world, key }) => world.server.deletePosition(world.ledger.truth.partitionOf(key)),
  },
  {
    name: 'delete log',
    weight: ({ profile }) => profile.wipe,
    act: ({ world, key }) => world.server.deleteLog(world.ledger.truth.partitionOf(key)),
  },
];
