import { type } from 'arktype';
import { expectTypeOf } from 'expect-type';
import { type NearDict, openDict, openMirror, type SchemaIssue, type SchemaError, type StandardSchema } from 'neardict';
import * as v from 'valibot';
import { z } from 'zod';
import type { Settings } from './settings.ts';

interface Config {
  port: number;
  host: string;
  proxy?: { url: string };
}

interface Flags {
  port: number;
  host: string;
}

export async function byKey(): Promise<void> {
  const zod = z.object({
    port: z.coerce.number(),
    host: z.string().default('h'),
    proxy: z.object({ url: z.string() }).optional(),
  });
  expectTypeOf(await openDict({ namespace: 'n', schema: zod.shape })).toEqualTypeOf<NearDict<Config, Config>>();
  const valibot = v.object({ port: v.number(), host: v.string(), proxy: v.optional(v.object({ url: v.string() })) });
  expectTypeOf(await openDict({ namespace: 'n', schema: valibot.entries })).toEqualTypeOf<NearDict<Config, Config>>();
  const arktype = { port: type('number'), host: type('string') };
  expectTypeOf(await openDict({ namespace: 'n', schema: arktype })).toEqualTypeOf<NearDict<Flags, Flags>>();

  const handle = await openDict({ namespace: 'n', schema: zod.shape });
  const { dict } = handle;
  dict.port = 80;
  delete dict.proxy;
  expectTypeOf(await handle.get('proxy')).toEqualTypeOf<{ url: string } | undefined>();
  // @ts-expect-error -- a string is no port
  dict.port = '80';
  // @ts-expect-error -- there is no such key
  dict.prot = 80;
}

export async function byOne(): Promise<void> {
  const scores = await openDict({ namespace: 'n', each: z.number() });
  expectTypeOf(scores).toEqualTypeOf<NearDict<Record<string, number>>>();
  scores.dict['ada'] = 1;
  // @ts-expect-error -- a string is no score
  scores.dict['ada'] = 'x';
}

export async function stated(any: Record<string, StandardSchema>): Promise<void> {
  expectTypeOf(await openDict<Settings>({ namespace: 'n', schema: any })).toEqualTypeOf<NearDict<Settings>>();
  expectTypeOf(await openDict<Settings>({ namespace: 'n', schema: undefined })).toEqualTypeOf<NearDict<Settings>>();
  // @ts-expect-error -- a string is no schema
  await openDict({ namespace: 'n', schema: { port: 'number' } });
}

export async function mirrored(): Promise<void> {
  const whole = z.object({ port: z.number(), host: z.string().default('h'), proxy: z.string().optional() });
  const handle = await openDict({ namespace: 'n', schema: whole.shape });
  expectTypeOf((await handle.mirror()).config).toEqualTypeOf<{ port: number; host: string; proxy?: string }>();

  const plain = await openDict<Flags>({ namespace: 'n' });
  expectTypeOf((await plain.mirror()).config.port).toEqualTypeOf<number | undefined>();
  expectTypeOf((await plain.mirror({ schema: whole })).config.host).toEqualTypeOf<string>();
  expectTypeOf((await plain.mirror({ schema: whole })).current.proxy).toEqualTypeOf<string | undefined>();

  const opened = await openMirror({ namespace: 'n', schema: whole });
  expectTypeOf(opened.config.port).toEqualTypeOf<number>();
  opened.config.port = 80;
  // @ts-expect-error -- a string is no port
  opened.config.port = '80';
  expectTypeOf((await openMirror({ namespace: 'n', schema: whole.shape })).config.port).toEqualTypeOf<number>();
  expectTypeOf((await openMirror<Flags>({ namespace: 'n' })).config.port).toEqualTypeOf<number | undefined>();

  const defaulted = await openMirror({ namespace: 'n', defaults: { port: 80, host: 'h' } });
  expectTypeOf(defaulted.config).toEqualTypeOf<{ port: number; host: string }>();
  expectTypeOf(await defaulted.handle.get('port')).toEqualTypeOf<number | undefined>();
  const partly = await openMirror<{ port: number; host: string }>({ namespace: 'n', defaults: { port: 80 } });
  expectTypeOf(partly.config.port).toEqualTypeOf<number | undefined>();
}

export function look(error: SchemaError): void {
  expectTypeOf(error.issues).toEqualTypeOf<readonly SchemaIssue[]>();
  expectTypeOf(error.key).toEqualTypeOf<string | undefined>();
}
