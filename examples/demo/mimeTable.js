// @ts-check
import { createRequire } from 'node:module';

/**
 * @typedef {object} MimeType What mime-db knows of a media type; `revision` is the mark of our changes.
 * @property {string} [source]
 * @property {string} [charset]
 * @property {boolean} [compressible]
 * @property {string[]} [extensions]
 * @property {number} [revision]
 */

/** @typedef {Record<string, MimeType>} MimeTable */

const require = createRequire(import.meta.url);

/** @type {MimeTable} */
const mimeDb = require('mime-db');

/** The table that is shared, as the package ships it: keys such as `image/svg+xml`, values with arrays inside. */
export const mimeTable = Object.entries(mimeDb);

/** @type {string} */
export const mimeDbVersion = require('mime-db/package.json').version;
