// @ts-check
import { mimeDbVersion } from './mimeTable.js';

/** @import { Measured } from './steps.js' */
/** @import { Outcome } from './story.js' */

/** Differences that are listed; the rest is counted. */
const MAX_LISTED = 10;

/**
 * The outcome in a few lines.
 *
 * @param {Outcome} outcome
 * @param {string} scene Who shared the table, and where it was.
 */
export function report({ filled, cold, warm, changes, deletes, along, lagsMs, compared, differences }, scene) {
  const lags = lagsMs.toSorted((a, b) => a - b);
  return [
    `mime-db ${mimeDbVersion} shared by ${scene}`,
    row('entries', `${whole(filled.count)}, filled by assignment in ${whole(filled.ms)} ms`),
    row('cold reads', `${rate(cold)}, one after the other from the store`),
    row('warm reads', `${rate(warm)}, one after the other from memory`),
    row('changes', `${whole(changes)}, then ${whole(deletes)} deletes, while the other side read`),
    row('propagation', `p50 ${ms(quantile(lags, 0.5))}, p99 ${ms(quantile(lags, 0.99))}, ${whole(lags.length)} seen`),
    row('meanwhile', `${whole(along.reads)} reads, hit rate ${percent(along.hitRate)}`),
    row('compared', `${whole(compared.entries)} entries of the store with`),
    ...compared.views.map(({ name, entries }) => row('', `${name}: ${whole(entries)}`)),
    differences.length === 0 ? 'coherent: yes' : `coherent: no\n${list(differences)}`,
  ].join('\n');
}

/**
 * @param {string} name
 * @param {string} text
 */
function row(name, text) {
  return `  ${name.padEnd(12)} ${text}`;
}

/** @param {readonly string[]} differences */
function list(differences) {
  const listed = differences.slice(0, MAX_LISTED);
  const left = differences.length - listed.length;
  return [...listed, ...(left > 0 ? [`and ${whole(left)} more`] : [])].map((line) => `  ${line}`).join('\n');
}

/** @param {Measured} measured */
function rate({ count, ms: elapsed }) {
  return `${whole((count / elapsed) * 1000)} per second`;
}

/** @param {number} value */
function whole(value) {
  return Math.round(value).toLocaleString('en');
}

/** @param {number | undefined} value */
function ms(value) {
  return value === undefined ? 'unknown' : `${value.toFixed(2)} ms`;
}

/**
 * Rounded down: 100 % means all.
 *
 * @param {number} part
 */
function percent(part) {
  return `${(Math.floor(part * 10_000) / 100).toFixed(2)} %`;
}

/**
 * @param {readonly number[]} sorted
 * @param {number} part
 */
function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
