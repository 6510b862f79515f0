import type { Conditions } from '../../support/faultPipe.ts';
import type { Direction, Effect, FaultProxy, Target } from '../../support/faultProxy.ts';
import { type Fault, linger, type Scene } from './fault.ts';

export const networkFaults: Readonly<Record<string, Fault>> = {
  dataReset: onProxy(6, async (proxy) => proxy.reset('data') > 0),
  feedReset: onProxy(7, async (proxy) => proxy.reset('feed') > 0),
  dataFinished: onProxy(2, async (proxy) => proxy.finish('data') > 0),
  feedFinished: onProxy(2, async (proxy) => proxy.finish('feed') > 0),
  writeReplyLost: onProxy(7, async (proxy) => {
    await proxy.loseReply('EVALSHA');
    return true;
  }),
  readReplyLost: onProxy(5, async (proxy) => {
    await proxy.loseReply('MGET');
    return true;
  }),
  cutInReply: onProxy(4, async (proxy) => {
    await proxy.cutInReply('data');
    return true;
  }),
  cutInMessage: onProxy(3, async (proxy) => {
    await proxy.cutInReply('feed');
    return true;
  }),
  requestsSwallowed: halfOpen(3, 'data', 'up'),
  repliesSwallowed: halfOpen(3, 'data', 'down'),
  messagesSwallowed: halfOpen(3, 'feed', 'down'),
  requestsStalled: spell(2, 'stalled', [['data', 'up']], { isStalled: true }),
  repliesStalled: spell(2, 'stalled', [['data', 'down']], { isStalled: true }),
  messagesStalled: spell(2, 'stalled', [['feed', 'down']], { isStalled: true }),
  latency: spell(2, 'delayed', everywhere(), { delayMs: 0, jitterMs: 80 }),
  lateMessages: spell(2, 'delayed', [['feed', 'down']], { delayMs: 100, jitterMs: 300 }),
  byteByByte: spell(2, 'sliced', everywhere(), { sliceBytes: 1 }),
  slowRate: spell(2, 'throttled', everywhere(), { bytesPerSecond: 20_000 }),
  refused: onProxy(3, async (proxy, scene) => {
    // Refusing now would only keep away those who are about to connect.
    if (proxy.connections('data') + proxy.connections('feed') === 0) return false;
    proxy.refuse();
    const met = proxy.reset('data') + proxy.reset('feed');
    await linger(scene, 100, 700);
    await proxy.accept();
    return met > 0;
  }),
};

function onProxy(perRun: number, strike: (proxy: FaultProxy, scene: Scene) => Promise<boolean>): Fault {
  return { reach: 'process', perRun, strike: (scene) => strike(scene.victim.proxy, scene) };
}

function everywhere(): (readonly [Target, Direction])[] {
  return (['data', 'feed'] as const).flatMap((target) =>
    (['up', 'down'] as const).map((way) => [target, way] as const),
  );
}

/** Conditions that hold for a while. */
function spell(
  perRun: number,
  effect: Effect,
  places: readonly (readonly [Target, Direction])[],
  conditions: Partial<Conditions>,
): Fault {
  return onProxy(perRun, async (proxy, scene) => {
    const before = proxy.counts[effect];
    for (const [target, direction] of places) proxy.shape(target, direction, conditions);
    await linger(scene, 200, 900);
    for (const [target, direction] of places) proxy.shape(target, direction, {});
    return proxy.counts[effect] > before;
  });
}

/** Connections that lose what goes one way, until something in between notices that they are dead. */
function halfOpen(perRun: number, target: Target, direction: Direction): Fault {
  return onProxy(perRun, async (proxy, scene) => {
    const before = proxy.counts.swallowed;
    proxy.lose(target, direction);
    await linger(scene, 300, 1500);
    proxy.resetLost();
    return proxy.counts.swallowed > before;
  });
}
