import { expectTypeOf } from 'expect-type';
import type { MaybeAsync, Reads } from 'neardict';
import { settings, type Settings, table } from './settings.ts';

const { reads } = settings;

// Every property is a promise, whatever the setting is.
expectTypeOf(reads).toEqualTypeOf<Reads<Settings>>();
expectTypeOf(reads.host).toEqualTypeOf<Promise<string | undefined>>();
expectTypeOf(reads.proxy).toEqualTypeOf<Promise<{ url: string } | undefined>>();
expectTypeOf(reads.note.then((note) => note)).toEqualTypeOf<Promise<string | null | undefined>>();

// @ts-expect-error -- for reading only
reads.host = 'localhost';
// @ts-expect-error -- for reading only
delete reads.host;
// @ts-expect-error -- a promise is no number
export const sum: number = reads.port + 1;

// What awaits each read takes a plain object, a dictionary and its reads.
async function describe(config: MaybeAsync<Settings>): Promise<string> {
  expectTypeOf(await config.port).toEqualTypeOf<number | undefined>();
  expectTypeOf(await config.proxy).toEqualTypeOf<{ url: string } | undefined>();
  // @ts-expect-error -- for reading only
  config.port = 1;
  // @ts-expect-error -- there is no such setting
  await config.hots;
  return `${await config.host}`;
}
const plain: Settings = { host: 'localhost', port: 80, flag: true, note: null, list: [] };
void describe(plain);
void describe({ host: 'localhost' });
void describe(settings.dict);
void describe(settings.reads);
// @ts-expect-error -- a number is no host
void describe({ host: 1 });
// @ts-expect-error -- the numbers of a record are no settings
void describe({ port: table.reads['ada'], host: table.reads['ada'] });

async function total(scores: MaybeAsync<Record<string, number>>, names: readonly string[]): Promise<number> {
  let sum = 0;
  for (const name of names) sum += (await scores[name]) ?? 0;
  return sum;
}
void total({ ada: 1 }, ['ada']);
void total(table.dict, ['ada']);
void total(table.reads, ['ada']);
