// Opens, and closes nothing but its channel when it is told to: the process must end by itself.
import { openDictOn } from './openDictOn.js';

const [namespace, source] = process.argv.slice(2);
await openDictOn(namespace, source);
process.send('open');
process.once('message', () => process.disconnect());
