/** Values up to this size travel with the announcement of their write. */
export const INLINE_BYTES = 4;

/** Numbers in four bytes; every third one in eight, too long to travel with its message. */
export const numberCodec = {
  name: 'number',
  encode(value: unknown): Uint8Array {
    const bytes = new Uint8Array((value as number) % 3 === 0 ? 8 : INLINE_BYTES);
    new DataView(bytes.buffer).setUint32(0, value as number);
    return bytes;
  },
  decode(bytes: Uint8Array): number {
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  },
  isSound: (): boolean => true,
};

export function decodeNumber(bytes: Uint8Array | undefined): number | undefined {
  return bytes === undefined ? undefined : numberCodec.decode(bytes);
}
