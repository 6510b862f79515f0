import { crypto } from './crypto.ts';
import { TTL_MARK } from './position.ts';

/** Random bytes are drawn in blocks: one system call serves many nonces. */
const block = Buffer.allocUnsafe(6 * 256);
let used = block.length;

/** 48 random bits as a number. */
export function randomNonce(): number {
  if (used === block.length) {
    crypto().randomFillSync(block);
    used = 0;
  }
  const nonce = block.readUIntBE(used, 6);
  used += 6;
  return nonce;
}

/** A nonce for a new position. `hasTtls`: whether it has to say that some write had a time to live. */
export function positionNonce(hasTtls: boolean): number {
  return (randomNonce() % TTL_MARK) + (hasTtls ? TTL_MARK : 0);
}
