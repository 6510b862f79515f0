import type { Layout } from '../store/store.ts';
import { layoutIn } from '../store/redis/inspect.ts';
import { checkNamespace } from '../store/redis/checkup/namespace.ts';
import { checkRights } from '../store/redis/checkup/rights.ts';
import { checkServer } from '../store/redis/checkup/server.ts';
import type { Finding } from '../store/redis/checkup/finding.ts';
import { connectProbe, type Probe } from '../store/redis/probe.ts';
import { type Arguments, type Command, DONE, FAILED, PLACE } from './command.ts';
import { connectInTime, inTime, openSide } from './target.ts';

export const doctor: Command = {
  usage: `neardict doctor [--namespace NAME]

Looks for what could go wrong, and says what to do: the server's version, role, memory policy, clock and latency; of a
namespace its layout, positions, change logs, and what the user may do. It writes nothing. Ends with 1 if something fails.
`,
  options: PLACE,
  words: [0, 0],
  async run(args, output) {
    const probe = await connectProbe(args.url, connectInTime());
    let isWell = true;
    try {
      for await (const finding of findings(probe, args)) {
        const { status, check, message, advice } = finding;
        if (status === 'fail') isWell = false;
        const text = `${status.padEnd(4)}  ${check.padEnd(8)}  ${message}${advice === undefined ? '' : ` ${advice}`}`;
        await output.result(finding, text);
      }
    } finally {
      probe.close();
    }
    return isWell ? DONE : FAILED;
  },
};

async function* findings(probe: Probe, args: Arguments): AsyncGenerator<Finding> {
  yield* checkServer(probe.connection, inTime);
  const { namespace } = args;
  if (namespace === undefined) return;
  const layout = await layoutIn(probe, namespace, inTime());
  if (layout === undefined) {
    const advice = '`neardict ls` lists those that there are; the first process that opens it makes it.';
    yield { check: 'layout', status: 'fail', message: `There is no namespace '${namespace}'.`, advice };
    return;
  }
  yield { check: 'layout', status: 'ok', message: describe(layout) };
  yield* checkNamespace(probe.connection, namespace, layout, inTime);
  yield* checkRights(probe.connection, namespace, layout, inTime);
  yield await checkFeed(probe, namespace, layout);
}

function describe({ partitions, codec }: Layout): string {
  return `${partitions} ${partitions === 1 ? 'partition' : 'partitions'}, values are ${codec}.`;
}

/** Whether changes can be heard. */
async function checkFeed(probe: Probe, namespace: string, layout: Layout): Promise<Finding> {
  const inspection = { options: probe.options, isCluster: probe.connection.isCluster, layout };
  const ignore = (): void => {};
  const listener = {
    ...{ live: ignore, interrupted: ignore, message: ignore, foreign: ignore },
    ...{ invalidated: ignore, invalidatedAll: ignore, garbled: ignore },
  };
  const { space } = await openSide(inspection, namespace, layout);
  try {
    await space.follow(0, listener, connectInTime());
    return { check: 'feed', status: 'ok', message: 'Changes can be heard.' };
  } catch (error) {
    return { check: 'feed', status: 'fail', message: (error as Error).message };
  } finally {
    await space.close();
  }
}
