import type { Message } from '../../lib/store/store.ts';

/** A message with its values, which some stores cut out only when they are asked for. */
export function plainMessage(message: Message | undefined): unknown {
  return (
    message && {
      ...message,
      changes: message.changes.map((change) => (change.type === 'set' ? { ...change, bytes: change.bytes } : change)),
    }
  );
}
