/**
 * A meter of what the server spends.
 *
 * @param client - Over which the server is asked.
 * @returns A function that resolves microseconds of the server's processor time for each of `count` operations that `act`
 *   does.
 */
export function serverMeter(client) {
  return async (count, act) => {
    const before = await spent(client);
    await act();
    return ((await spent(client)) - before) / count;
  };
}

async function spent(client) {
  const info = String(await client.sendCommand(['INFO', 'cpu']));
  const seconds = [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)].map(([, value]) => Number(value));
  return 1e6 * seconds.reduce((sum, value) => sum + value, 0);
}
