import type { Dictionary } from './workload.ts';

/** One in so many reads is answered wrongly. */
const ONE_IN = 20;

/** A dictionary some of whose cached reads answer what the key had longer ago than `maxStalenessMs`. */
export function withOldAnswers(dictionary: Dictionary, maxStalenessMs: number): Dictionary {
  const remembered = new Map<string, { readonly value: string | undefined; readonly at: number }>();
  let reads = 0;
  return {
    ...dictionary,
    async get(key, options) {
      const value = await dictionary.get(key, options);
      if (options?.fresh === true) return value;
      const old = remembered.get(key);
      if (old === undefined) remembered.set(key, { value, at: performance.now() });
      else if (performance.now() - old.at > 2 * maxStalenessMs && ++reads % ONE_IN === 0) return old.value;
      return value;
    },
  };
}
