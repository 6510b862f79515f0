import { expectTypeOf } from 'expect-type';
import {
  type DictState,
  type Mirror,
  type MirrorChange,
  type MirrorConfig,
  type MirrorProgress,
  type NearDict,
  openMirror,
} from 'neardict';
import { settings, type Settings, table } from './settings.ts';

const signal: AbortSignal = AbortSignal.timeout(1);

export async function open(): Promise<void> {
  expectTypeOf(await settings.mirror()).toEqualTypeOf<Mirror<Settings>>();
  await settings.mirror({ signal, onProgress: ({ loaded }) => expectTypeOf(loaded).toBeNumber() });
  const mirror = await openMirror<Settings>({ namespace: 'n', onProgress: undefined });
  expectTypeOf(mirror.handle).toEqualTypeOf<NearDict<Settings>>();
  await using disposed = mirror;
  void disposed;
  // @ts-expect-error -- there is no such option
  await settings.mirror({ onProgres: () => {} });
  // @ts-expect-error -- a dictionary has a namespace
  await openMirror({});
}

export async function read(): Promise<void> {
  const { config, current } = await settings.mirror();
  expectTypeOf(config).toEqualTypeOf<MirrorConfig<Settings>>();
  expectTypeOf(config.port).toEqualTypeOf<number | undefined>();
  expectTypeOf(current.note).toEqualTypeOf<string | null | undefined>();
  const plain: Partial<Settings> = config;
  void plain;
  // @ts-expect-error -- it may be missing
  const port: number = config.port;
  void port;
  // @ts-expect-error -- there is no such setting
  void config.hots;
  expectTypeOf((await table.mirror()).config['ada']).toEqualTypeOf<number | undefined>();
}

export async function withDefaults(): Promise<void> {
  const { config } = await settings.mirror({ defaults: { port: 80 }, overrides: { host: 'h' } });
  expectTypeOf(config.port).toEqualTypeOf<number>();
  expectTypeOf(config.host).toEqualTypeOf<string | undefined>();
  // @ts-expect-error -- a string is no port
  await settings.mirror({ defaults: { port: '80' } });
  // @ts-expect-error -- there is no such setting
  await settings.mirror({ overrides: { hots: 'h' } });
}

export async function write(): Promise<void> {
  const { config, current } = await settings.mirror();
  config.port = 80;
  delete config.port;
  // @ts-expect-error -- a string is no port
  config.port = '80';
  // @ts-expect-error -- undefined is no value
  config.port = undefined;
  // @ts-expect-error -- it is frozen
  current.port = 80;
}

export async function follow(): Promise<void> {
  const mirror = await settings.mirror();
  expectTypeOf(mirror.state).toEqualTypeOf<DictState>();
  expectTypeOf(mirror.age).toBeNumber();
  for await (const changes of mirror.watch({ signal })) {
    expectTypeOf(changes).toEqualTypeOf<readonly MirrorChange<Settings>[]>();
    for (const change of changes)
      if (change.key === 'port') expectTypeOf(change.now).toEqualTypeOf<number | undefined>();
  }
  const same = mirror
    .on('change', (changes) => expectTypeOf(changes).toEqualTypeOf<readonly MirrorChange<Settings>[]>())
    .once('state', (now, before) => expectTypeOf([now, before]).toEqualTypeOf<DictState[]>())
    .on('progress', (progress) => expectTypeOf(progress).toEqualTypeOf<MirrorProgress>())
    .on('invalid', (key, error) => expectTypeOf([key, error]).toEqualTypeOf<(keyof Settings | Error)[]>())
    .off('error', (error) => expectTypeOf(error).toBeUnknown())
    .on('close', () => {});
  expectTypeOf(same).toEqualTypeOf(mirror);
  expectTypeOf(mirror.when('port', (port) => (port ?? 0) > 1)).toEqualTypeOf<Promise<number | undefined>>();
  // @ts-expect-error -- there is no such setting
  await mirror.when('hots', () => true);
  // @ts-expect-error -- there is no such event
  mirror.on('changed', () => {});
}

// @ts-expect-error -- numbers are no settings
export const wrong: Mirror<Settings> = await table.mirror();
