import { crypto } from './crypto.ts';

/** The version of a stored value: the SHA-1 of its bytes in 40 hexadecimal digits, which a Redis script can compute too. */
export function versionOf(bytes: Uint8Array): string {
  return crypto().hash('sha1', bytes);
}
