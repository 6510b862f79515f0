// Opens, writes and ends without close(): the write must arrive, and the process must end by itself.
import { openDictOn } from './openDictOn.js';

const [namespace, source] = process.argv.slice(2);
const { dict } = await openDictOn(namespace, source);
dict.last = 'words';
