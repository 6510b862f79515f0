import { type NearDict, openDict, type OpenOptions } from 'neardict';

let opened = 0;

/** A name that no other test uses: the data of the process outlives its handles. */
export function freshNamespace(): string {
  return `memory-${++opened}`;
}

/** Opens a dictionary of its own in memory. */
export function openInMemory<T extends object = Record<string, unknown>>(
  options: Partial<OpenOptions> = {},
): Promise<NearDict<T>> {
  return openDict<T>({ namespace: freshNamespace(), ...options });
}

/** Lets everything that is ready run: microtasks, ticks and one turn of the event loop. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
