type Crypto = typeof import('node:crypto');

let loaded: Crypto | undefined;

/** `node:crypto`, loaded by who first needs it: that takes as long as all code of this library, and importing it needs none. */
export function crypto(): Crypto {
  return (loaded ??= process.getBuiltinModule('node:crypto'));
}
