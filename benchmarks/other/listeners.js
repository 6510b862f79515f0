// What does a write cost the server, by how many listen?
import { medians } from '../bench/compare.js';
import { serverMeter } from '../bench/serverTime.js';
import { RAW } from '../bench/stage.js';

export const stores = ['redis-v6'];

const COUNTS = [1, 3, 10, 30, 100];
const WRITES = 500;
const ROUNDS = 7;
const VALUE = 'x'.repeat(100);

export async function measure({ connect, open }) {
  const client = await connect();
  const spend = serverMeter(client);
  const handle = await open({ namespace: 'growth', client });
  const series = { 'bare PUBLISH': [], neardict: [] };
  // One listener is the dictionary itself.
  let listeners = 1;
  for (const count of COUNTS) {
    for (; listeners < count; listeners++) {
      await (await connect()).subscribe(['bare', 'growth/update', 'growth/delete'], () => {}, true);
    }
    const costs = await medians(
      {
        'bare PUBLISH': () => spend(WRITES, () => again(() => client.sendCommand(['PUBLISH', 'bare', VALUE], RAW))),
        neardict: () => spend(WRITES, () => again((time) => handle.set(`key ${time}`, VALUE))),
      },
      ROUNDS,
    );
    for (const name of Object.keys(series)) series[name].push([count, costs[name]]);
  }
  const [x, y] = ['listeners', 'µs of the server per write'];
  return [{ chart: 'listeners', title: 'Cost of a write', x, y, scale: 1, isLog: true, series }];
}

async function again(act) {
  for (let time = 0; time < WRITES; time++) await act(time);
}
