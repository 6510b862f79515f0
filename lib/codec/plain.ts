/** Deepest nesting of arrays and objects in a value, stored or read. */
export const MAX_DEPTH = 100;

/** Plain in any realm: the prototype is `null`, or is some realm's `Object.prototype`. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return true;
  // The Proxy of a dictionary has no prototype either, and shows no keys.
  if (prototype === null) return !(Symbol.toStringTag in value);
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}
