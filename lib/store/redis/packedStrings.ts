/** How MessagePack marks what a script packs of names and values. */
const ABSENT = 0xc2;
const ARRAY_16 = 0xdc;
const ARRAY_32 = 0xdd;
const STRING_8 = 0xd9;
const STRING_16 = 0xda;

const NOT_ASCII = /[^\0-\x7f]/;

/**
 * The strings of an array that a script has packed by `cmsgpack`, as bytes; `undefined` for `false`. The bytes are not
 * copied. (A decoder of MessagePack takes strings for text.)
 */
export function unpackStrings(packed: Buffer): (Buffer | undefined)[] {
  return unpackEach(packed, (start, end) => packed.subarray(start, end));
}

/**
 * The same of names, read as they stand behind a prefix.
 *
 * @param prefixLength - In bytes.
 * @param read - Reads what is more than ASCII; `undefined`: it is no text.
 */
export function unpackNames(
  packed: Buffer,
  prefixLength: number,
  read: (name: Buffer, start: number) => string | undefined,
): (string | undefined)[] {
  // Cut out of one text, names take a fifth of the time that each takes to be read by itself (measured).
  const text = packed.toString('latin1');
  return unpackEach(packed, (start, end) => {
    const name = text.slice(start + prefixLength, end);
    return NOT_ASCII.test(name) ? read(packed.subarray(start, end), prefixLength) : name;
  });
}

function unpackEach<T>(packed: Buffer, take: (start: number, end: number) => T): (T | undefined)[] {
  const items: (T | undefined)[] = [];
  let at = headLength(packed);
  while (at < packed.length) {
    const mark = packed[at++] as number;
    if (mark === ABSENT) {
      items.push(undefined);
      continue;
    }
    const width = mark < STRING_8 ? 0 : mark === STRING_8 ? 1 : mark === STRING_16 ? 2 : 4;
    const length = width === 0 ? mark & 0x1f : packed.readUIntBE(at, width);
    at += width;
    items.push(take(at, (at += length)));
  }
  return items;
}

/** Of the array itself: where the first string begins. Nothing is packed of an empty one. */
function headLength(packed: Buffer): number {
  if (packed[0] === ARRAY_32) return 5;
  return packed[0] === ARRAY_16 ? 3 : 1;
}
