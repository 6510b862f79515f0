// Strict TypeScript: the types come from the schema, and a forgotten await or a wrong value does not compile.
// Node 22.18 or later runs this file as it is; an older one needs it compiled.
import { ConflictError, openDict, openMirror } from 'neardict';
import { z } from 'zod';
import { exampleStore } from './store.js';

const Settings = z.object({
  theme: z.enum(['light', 'dark']).default('light'),
  limits: z.object({ perUser: z.int().positive() }).optional(),
});

const store = exampleStore();
const namespace = 'example-strict';
const settings = await openDict({ namespace, store, schema: Settings.shape });
const { dict, reads } = settings;

dict.theme = 'dark';
dict.limits = { perUser: 5 };
// @ts-expect-error The schema has no such theme, and says so when the program runs, too.
await settings.set('theme', 'blue').catch((error: unknown) => {
  console.log('refused:', error instanceof Error ? error.name : error);
});
await settings.flush();

const limits = await reads.limits;
console.log('limit:', limits?.perUser ?? 'none'); // `limits` may be missing: the compiler insists on the `?`

// Two who change one value: whoever comes second is told.
const entry = await settings.getEntry('theme');
await settings.set('theme', 'light');
try {
  await settings.set('theme', 'dark', { ifVersion: entry?.version ?? null });
} catch (error) {
  if (!(error instanceof ConflictError)) throw error;
  console.log('conflict:', error.code);
}

// In a mirror a key with a default is a plain value, without `undefined` and without `await`.
const mirror = await openMirror({ namespace, store, schema: Settings.shape });
const theme: 'light' | 'dark' = mirror.config.theme;
console.log('theme:', theme);

await mirror.close();
await settings.clear();
await settings.close();
