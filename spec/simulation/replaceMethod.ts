/** Puts another method in the place of one of a class. Returns what puts the first one back. */
export function replaceMethod<T extends object, K extends keyof T & string>(
  prototype: T,
  name: K,
  replace: (original: T[K]) => T[K],
): () => void {
  const original = prototype[name];
  prototype[name] = replace(original);
  return () => {
    prototype[name] = original;
  };
}
