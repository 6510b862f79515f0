// @ts-check
// The ways to open a mirror: of an open dictionary, with layers, with a schema of the whole, and from a file.
import { rm } from 'node:fs/promises';
import { openDict, openMirror } from 'neardict';
import { z } from 'zod';
import { exampleStore } from './store.js';

const store = exampleStore();
/** @type {import('neardict').NearDict<{ port: number, debug: boolean, min: number, max: number }>} */
const settings = await openDict({ namespace: 'settings', store });
await settings.setMany({ min: 1, max: 9 });

{
  const mirror = await settings.mirror(); // of a dictionary that is open
  console.log('stored:', { ...mirror.config });
  await mirror.close();
}
{
  const mirror = await openMirror({ namespace: 'settings', store }); // or both in one step; mirror.handle is the dictionary
  await mirror.close();
}

const { config: layered } = await settings.mirror({ defaults: { port: 80 }, overrides: { debug: true } });
console.log('layered:', layered.port, layered.debug);

await whole();
await fromFile();
await settings.clear();
await settings.close();

async function whole() {
  const Config = z
    .object({ min: z.number(), max: z.number(), host: z.string().default('localhost') })
    .refine(({ min, max }) => min <= max, { path: ['max'] });
  const mirror = await openMirror({ namespace: 'settings', store, schema: Config });
  console.log('checked as a whole:', { ...mirror.config });
  await mirror.close();
}

async function fromFile() {
  const mirror = await openMirror({ namespace: 'settings', store, backup: 'settings.backup', bootstrap: { port: 80 } });
  await mirror.close();
  await rm('settings.backup');
}
