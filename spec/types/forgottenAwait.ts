import { settings } from './settings.ts';

// Each line with a number must be refused with that error.
if (settings.reads.flag) console.log('always'); // TS2801
export const label = settings.reads.flag ? 'always' : 'never'; // TS2801
if (settings.get('flag')) console.log('always'); // TS2801
if (settings.has('flag')) console.log('always'); // TS2801
export const text: string = settings.reads.host; // TS2322
export const next = settings.reads.port + 1; // TS2365
if (settings.reads.host === 'localhost') console.log('never'); // TS2367
