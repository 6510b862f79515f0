// @ts-check
// A module for NestJS that provides a dictionary, and closes it with the application. Written without decorators' syntax, so
// that it runs as it is; in TypeScript it is `@Module(...)`, `@Controller('settings')`, `@Get(':key')`, `@Inject(SETTINGS)`.
import 'reflect-metadata';
import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

/** @import { NearDict, OpenOptions } from 'neardict' */

/** Closes what the module has opened when the application shuts down. */
class Closing {
  /** @param {NearDict} handle */
  constructor(handle) {
    this.handle = handle;
  }

  async onApplicationShutdown() {
    await this.handle.close();
  }
}

class NearDictModule {
  /**
   * @param {symbol} token - What is injected by it is the handle.
   * @param {OpenOptions} options
   */
  static forRoot(token, options) {
    const provider = { provide: token, useFactory: () => openDict(options) };
    const closing = {
      provide: Closing,
      useFactory: (/** @type {NearDict} */ handle) => new Closing(handle),
      inject: [token],
    };
    return { module: NearDictModule, global: true, providers: [provider, closing], exports: [token] };
  }
}
Module({})(NearDictModule);

const SETTINGS = Symbol('settings');

class SettingsController {
  /** @param {NearDict} settings */
  constructor(settings) {
    this.settings = settings;
  }

  /** @param {string} key */
  async read(key) {
    return { value: await this.settings.get(key) };
  }
}
Inject(SETTINGS)(SettingsController, undefined, 0);
Param('key')(SettingsController.prototype, 'read', 0);
Get(':key')(
  SettingsController.prototype,
  'read',
  /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(SettingsController.prototype, 'read')),
);
Controller('settings')(SettingsController);

class AppModule {}
Module({
  imports: [NearDictModule.forRoot(SETTINGS, { namespace: 'example-nest', store: exampleStore() })],
  controllers: [SettingsController],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(0, '127.0.0.1');

// Another process writes, a client reads.
/** @type {NearDict} */
const settings = app.get(SETTINGS);
await settings.set('theme', 'dark');
console.log(await (await fetch(`${await app.getUrl()}/settings/theme`)).text());

await settings.clear();
await app.close();
