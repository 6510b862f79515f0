import { call, type EventKind, inside, type Scene } from './eventKind.ts';
import { faults } from './faults.ts';
import { MAX_STALENESS_MS } from './profile.ts';
import { reads } from './reading.ts';
import { KEYS } from './truth.ts';
import type { World } from './world.ts';
import { clear, writings } from './writing.ts';

/** What the program in a process does. */
const calls: readonly EventKind[] = [
  ...reads.map(([weight, name, read]) =>
    call(
      name,
      () => weight,
      ({ client }, { key, chance }) => read(client, key, chance),
    ),
  ),
  ...writings.map(([weight, name, write]) =>
    call(
      name,
      ({ profile }) => weight * profile.write,
      (participant, { key, chance }) => write(participant, key, chance),
    ),
  ),
  call('clear', ({ profile }) => profile.clear, clear),
  call(
    'flush',
    () => 0.3,
    ({ writes }) => writes.flush(),
  ),
  call(
    'close',
    ({ profile }) => profile.close,
    ({ writes }) => writes.close(),
  ),
  call(
    'destroy',
    ({ profile }) => profile.close / 2,
    ({ writes }) => writes.destroy(),
  ),
  call(
    'listen',
    ({ profile }) => profile.watch / 2,
    ({ watching }) => watching.toggleListener(),
  ),
  call(
    'watch',
    ({ profile }) => profile.watch,
    ({ watching }, { key, chance }) => watching.toggleWatch(key, chance),
  ),
  call(
    'take',
    ({ profile }) => profile.watch,
    ({ watching }) => watching.take(),
  ),
  call(
    'mirror',
    ({ world }) => (world.hasMirrors ? 0.3 : 0),
    ({ mirroring }) => mirroring.toggle(),
  ),
  call(
    'look',
    ({ world }) => (world.hasMirrors ? 2 : 0),
    ({ mirroring }) => mirroring.look(),
  ),
];

/** What reaches a process that runs. */
const arrivals: readonly EventKind[] = [
  inside(
    'reply',
    ({ process }) => (process.data.canReply ? 8 : 0),
    ({ data }) => data.reply(),
  ),
  inside(
    'notice',
    ({ process }) => (process.data.canNotice ? 3 : 0),
    ({ data }) => data.notice(),
  ),
  inside(
    'connect',
    ({ process }) => (process.data.isOpen ? 0 : 3),
    ({ data }) => data.connect(),
  ),
  inside(
    'deliver',
    ({ process, profile }) => (process.feed.canDeliver ? profile.deliver : 0),
    ({ feed }) => feed.deliver(),
  ),
  inside(
    'connect feed',
    ({ process }) => (process.feed.isOpen ? 0 : 2),
    ({ feed }) => feed.connect(),
  ),
  inside(
    'open',
    ({ process }) => (process.handles === 0 ? 3 : 0),
    (process) => process.open(),
  ),
];

/** What happens outside of all processes. */
const outside: readonly EventKind[] = [
  {
    name: 'execute',
    weight: ({ process }) => (process.data.canExecute ? 8 : 0),
    act: ({ process }) => process.data.execute(),
  },
  {
    name: 'wait',
    weight: ({ profile }) => profile.wait,
    act: ({ world, chance }) =>
      world.wait(chance.is(0.1) ? 1.3 * MAX_STALENESS_MS * chance.next() : 12 * chance.next()),
  },
  { name: 'resume', weight: ({ process }) => (process.isPaused ? 1 : 0), act: ({ process }) => process.resume() },
];

export const eventKinds: readonly EventKind[] = [...calls, ...arrivals, ...outside, ...faults];

export function drawScene(world: World): Scene {
  const { chance, profile } = world;
  const process = chance.pick(world.processes);
  const open = [...process.participants].filter(({ isOpen }) => isOpen);
  return {
    world,
    process,
    participant: open.length === 0 ? undefined : chance.pick(open),
    key: chance.pick(KEYS),
    chance,
    profile,
  };
}

export function drawEvent(scene: Scene): EventKind {
  let sum = 0;
  const sums = eventKinds.map((kind) => (sum += kind.weight(scene)));
  const drawn = scene.chance.next() * sum;
  return eventKinds[sums.findIndex((upTo) => drawn < upTo)] as EventKind;
}
