/** Writes bytes one behind the other, into one Buffer: one for each part costs more than the part. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  /** @param capacity - How many bytes are expected. */
  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written. */
  get written(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  uint8(number: number): void {
    const at = this.#grow(1);
    this.#buffer[at] = number;
  }

  uint16(number: number): void {
    const at = this.#grow(2);
    this.#buffer.writeUInt16BE(number, at);
  }

  uint32(number: number): void {
    const at = this.#grow(4);
    this.#buffer.writeUInt32BE(number, at);
  }

  uint48(number: number): void {
    const at = this.#grow(6);
    this.#buffer.writeUIntBE(number, at, 6);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
  }

  hex(digits: string): void {
    const at = this.#grow(digits.length / 2);
    this.#buffer.write(digits, at, 'hex');
  }

  /** Text as UTF-8 behind its length in two bytes. */
  text16(text: string): void {
    this.#reserve(2 + 3 * text.length);
    const length = this.#buffer.write(text, this.#length + 2);
    this.#buffer.writeUInt16BE(length, this.#length);
    this.#length += 2 + length;
  }

  /** Makes room for so many bytes. Returns where they start. */
  #grow(bytes: number): number {
    this.#reserve(bytes);
    const at = this.#length;
    this.#length += bytes;
    return at;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
