import { type Duration, durationMs } from '../duration.ts';
import { until } from './until.ts';

/** How often each kind of resource is open, and each event of `process` listened to. */
type Counts = ReadonlyMap<string, number>;

/**
 * Notes what keeps this process alive now (sockets, servers, timers, children) and who listens to `process`, and
 * returns a check for later.
 *
 * What is unref'd keeps no process alive and is not seen.
 *
 * @param options - `within`: how long the check may wait, default 5 seconds.
 * @returns Resolves as soon as nothing more is open than at first; rejects with an error that names what is. It takes
 *   nothing, so that it can be a hook of a test runner.
 * @throws {ConfigError} `within` is no duration.
 *
 * @example
 * const check = leakCheck();
 * await runTheApplication();
 * await check();
 */
export function leakCheck({ within = 5000 }: { readonly within?: Duration } = {}): () => Promise<void> {
  const deadlineMs = durationMs('within', within, 0);
  const before = count();
  return async () => {
    // What waits for the next look must not see itself.
    let more: readonly string[] = [];
    const isClean = (): boolean => {
      more = surplus(before, count());
      return more.length === 0;
    };
    await until('everything is closed', isClean, deadlineMs).catch(() => {
      throw new Error(`Left open: ${more.join(', ')}.`);
    });
  };
}

function count(): Counts {
  const names = [
    ...process.getActiveResourcesInfo(),
    ...process
      .eventNames()
      .flatMap((event) =>
        Array.from(process.listeners(event as 'exit'), () => `listener of process '${String(event)}'`),
      ),
  ];
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function surplus(before: Counts, after: Counts): readonly string[] {
  return [...after].flatMap(([name, number]) => {
    const more = number - (before.get(name) ?? 0);
    return more > 0 ? [`${more} ${name}`] : [];
  });
}
