/** Bytes that may be kept for nothing with each value, in return for not copying it. */
const MAX_SURPLUS = 1024;

/**
 * Cuts bytes that are to stay out of a buffer that would stay with them.
 *
 * Clients cut replies out of network buffers, and encoders cut results out of pages: a value of 200 bytes kept 64 kB of
 * other people's messages in memory, or megabytes of an encoder's page (both measured).
 */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength - bytes.byteLength > MAX_SURPLUS ? new Uint8Array(bytes) : bytes;
}
