// @ts-check

/** Redraws at most this often. */
const FRAME_MS = 40;
const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\u001B[K';

/**
 * @typedef {object} Progress
 * @property {(name: string) => void} phase The next part of the work begins.
 * @property {(part: number) => void} at How much of it is done, from 0 to 1.
 * @property {() => void} end Nothing more is shown; the line is free again.
 */

/**
 * Shows how far the work is: a bar on a terminal, one line for each phase elsewhere.
 *
 * @param {NodeJS.WriteStream} stream
 * @param {number} phases
 * @returns {Progress}
 */
export function showProgress(stream, phases) {
  return stream.isTTY && process.env.TERM !== 'dumb' ? bar(stream, phases) : lines(stream);
}

/**
 * @param {NodeJS.WritableStream} stream
 * @returns {Progress}
 */
function lines(stream) {
  return { phase: (name) => stream.write(`${name} ...\n`), at() {}, end() {} };
}

/**
 * @param {NodeJS.WriteStream} stream
 * @param {number} phases
 * @returns {Progress}
 */
function bar(stream, phases) {
  let begun = 0;
  let label = '';
  let nextFrameAt = 0;
  const draw = (/** @type {number} */ part) => {
    nextFrameAt = performance.now() + FRAME_MS;
    const line = barLine((begun - 1 + part) / phases, label);
    stream.write(CLEAR_LINE + line.slice(0, (stream.columns || 80) - 1));
  };
  return {
    phase(name) {
      begun++;
      label = name;
      draw(0);
    },
    at(part) {
      if (performance.now() >= nextFrameAt) draw(part);
    },
    end() {
      stream.write(CLEAR_LINE);
    },
  };
}

/**
 * @param {number} done
 * @param {string} label
 */
function barLine(done, label) {
  const filled = Math.round(done * BAR_WIDTH);
  const percent = String(Math.floor(done * 100)).padStart(3);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${percent} %  ${label}`;
}
