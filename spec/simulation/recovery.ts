import type { Inspection } from './inspection.ts';
import type { Participant } from './participant.ts';
import { MAX_STALENESS_MS, VERIFY_INTERVAL_MS } from './profile.ts';
import { KEYS } from './truth.ts';
import type { World } from './world.ts';

/** Ends all faults and all writes, and checks that everything comes to rest as it should. */
export async function recover(world: World, inspection: Inspection): Promise<void> {
  world.ledger.note('--- recovery');
  await world.heal();
  for (const { name, handles } of world.processes)
    if (handles === 0) world.ledger.violate(`${name} can not open the dictionary`);
  await pass(world, MAX_STALENESS_MS);
  await checkValues(world);
  // A handle that was not in use finds out only now that its feed is silent.
  for (let passed = 0; passed < 3 * MAX_STALENESS_MS; passed += VERIFY_INTERVAL_MS) {
    await readAll(world);
    await pass(world, VERIFY_INTERVAL_MS);
  }
  await checkValues(world);
  await checkHits(world);
  await checkTold(world);
  await each(world, ({ mirroring }) => {
    mirroring.checkEnd();
  });
  for (const name of world.ledger.open) world.ledger.violate(`${name} never settles`);
  for (const leak of inspection.leaks()) world.ledger.violate(leak);
  await checkClosing(world);
}

async function pass(world: World, durationMs: number): Promise<void> {
  world.ledger.step++;
  for (let passed = 0; passed < durationMs; passed += VERIFY_INTERVAL_MS) {
    await world.wait(VERIFY_INTERVAL_MS);
    await world.settle();
  }
}

/** Lets each open handle do something, and everything come to rest. */
async function each(world: World, act: (participant: Participant) => void): Promise<void> {
  for (const process of world.processes) {
    await world.run(process, () => {
      for (const participant of process.participants) if (participant.isOpen) act(participant);
    });
  }
  await world.settle();
}

async function readAll(world: World): Promise<void> {
  await each(world, ({ client }) => {
    for (const key of KEYS) client.track(`get ${key}`, client.handle.get(key), () => {});
  });
}

/** Every handle shows what is in the store. */
async function checkValues(world: World): Promise<void> {
  await each(world, ({ client }) => {
    for (const key of KEYS) {
      const expected = world.ledger.truth.last(key).value;
      client.track(`get ${key}`, client.handle.get(key), (value) => {
        if (value !== expected)
          world.ledger.violate(`${client.name} ends with ${key} = ${String(value)}, not ${String(expected)}`);
      });
    }
  });
}

/** The near caches are in use again. */
async function checkHits(world: World): Promise<void> {
  const { ledger, profile } = world;
  await each(world, ({ client }) => {
    const { handle, name } = client;
    if (handle.state !== 'coherent') ledger.violate(`${name} stays ${handle.state}`);
    const { pendingWrites, lag } = handle.stats();
    if (pendingWrites > 0) ledger.violate(`${name} keeps ${pendingWrites} pending writes`);
    if (lag > MAX_STALENESS_MS && profile.options.partitions === 1) ledger.violate(`${name} stays unproven`);
    client.track('get a', handle.get('a'), () => {});
  });
  await each(world, ({ client }) => {
    const before = client.handle.stats().hits;
    client.track('get a', client.handle.get('a'), () => {});
    const isHit = client.handle.stats().hits > before;
    if (!isHit && profile.options.cache !== false) ledger.violate(`${client.name} serves nothing from memory`);
  });
}

/** Listeners and watchers know the last change. */
async function checkTold(world: World): Promise<void> {
  for (let isBusy = true; isBusy;) {
    isBusy = false;
    await each(world, ({ watching }) => {
      isBusy ||= !watching.hasTakenAll;
      watching.take();
    });
  }
  for (const { isOpen, watching } of world.participants) if (isOpen) watching.checkTold();
}

/** Everything is given back. */
async function checkClosing(world: World): Promise<void> {
  const { ledger } = world;
  await each(world, ({ writes }) => {
    writes.flush();
  });
  await each(world, ({ writes }) => {
    writes.close();
  });
  // The coarse timers of deadlines stop by themselves.
  await pass(world, 600);
  for (const name of [...ledger.open, ...ledger.waiting]) ledger.violate(`${name} never settles`);
  for (const { name, loop, data, feed } of world.processes) {
    if (loop.size > 0) ledger.violate(`${name} keeps ${loop.size} timers`);
    if (data.size > 0) ledger.violate(`${name} keeps ${data.size} requests`);
    if (feed.size > 0) ledger.violate(`${name} keeps ${feed.size} followers`);
  }
}
