/** Decodes names that come again and again: to compare one with the last takes a tenth of the time of making a string. */
export class LastText {
  #bytes: Uint8Array = new Uint8Array();
  #text = '';

  decode(bytes: Buffer): string {
    if (!isSame(bytes, this.#bytes)) {
      this.#text = bytes.toString();
      // A copy: the client cuts names out of what the network brought, which would stay with them.
      this.#bytes = new Uint8Array(bytes);
    }
    return this.#text;
  }
}

/** Of a few bytes: `Buffer.compare` leaves JavaScript, which takes longer. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = a.length - 1; at >= 0; at--) if (a[at] !== b[at]) return false;
  return true;
}
