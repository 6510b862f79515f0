/** Hash slots of a Redis Cluster. */
export const SLOTS = 16_384;

/** By byte: CRC16 with the polynomial 0x1021, as the Redis Cluster specification has it. */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc;
});

/** The slot of a hash tag. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) crc = ((crc << 8) & 0xffff) ^ (table[((crc >> 8) ^ byte) & 0xff] as number);
  return crc % SLOTS;
}

/** The slot of a name: of what stands between its first braces, or of all of it. */
export function slotOfName(name: string): number {
  return slotOf(/\{([^}]+)\}/.exec(name)?.[1] ?? name);
}

/**
 * A hash tag for each partition, such that their slots lie evenly over the cluster: partition `i` of `n` has its slot in
 * the `i`-th of `n` equal ranges. The tag is the least number in base 36 that does.
 */
export function hashTags(partitions: number): readonly string[] {
  const tags: string[] = Array.from({ length: partitions });
  let missing = partitions;
  for (let number = 0; missing > 0; number++) {
    const tag = number.toString(36);
    const partition = Math.floor((slotOf(tag) * partitions) / SLOTS);
    if (tags[partition] !== undefined) continue;
    tags[partition] = tag;
    missing--;
  }
  return tags;
}
