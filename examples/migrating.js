// @ts-check
// What node-config, or any other reader of files, found at start is what is shown until something is stored.
import { rm } from 'node:fs/promises';
import { openMirror } from 'neardict';
import { exampleStore } from './store.js';

const store = exampleStore();
const namespace = 'example-migrating';
const fileConfig = { db: { host: 'localhost' }, port: 80 }; // config.util.toObject()

const mirror = await openMirror({ namespace, store, defaults: fileConfig, backup: 'settings.backup' });
const { config } = mirror;

console.log('from the file:', config.db.host, config.port);
await mirror.handle.set('port', 8080);
await mirror.when('port', (port) => port === 8080);
console.log('stored since:', config.db.host, config.port);

await mirror.handle.clear();
await mirror.close();
await rm('settings.backup', { force: true });
