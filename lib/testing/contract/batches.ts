import type { Batch, Deadline } from '../../store/store.ts';

/** A deadline that a healthy store keeps on a slow machine. */
export function soon(): Deadline {
  return performance.now() + 20_000;
}

export function batch({ deletes = [], sets = [], clear = false, ...others }: Partial<Batch>): Batch {
  return { deletes, sets, clear, ...others };
}

export function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value && new TextDecoder().decode(value);
}
