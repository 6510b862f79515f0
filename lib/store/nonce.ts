import { randomFillSync } from 'node:crypto';

/** Random bytes are drawn in blocks: one system call serves many nonces. */
const block = Buffer.allocUnsafe(6 * 256);
let used = block.length;

/** 48 random bits as a number. */
export function randomNonce(): number {
  if (used === block.length) {
    randomFillSync(block);
    used = 0;
  }
  const nonce = block.readUIntBE(used, 6);
  used += 6;
  return nonce;
}
