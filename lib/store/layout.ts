import type { Layout } from './store.ts';

/** Version of the names in the store, of the messages and of the position. */
const PROTOCOL = 1;

/** The layout as the store records it: equal texts are equal layouts. Where there is one partition no hash is used. */
export function describeLayout({ partitions, hash, codec, messages }: Layout): string {
  return JSON.stringify({ protocol: PROTOCOL, partitions, ...(partitions > 1 && { hash }), codec, messages });
}
