import type { Block } from '../store/store.ts';

/** Asks for the block that begins at a cursor; '' is the first. */
export type AskForBlock = (cursor: string) => Promise<Block>;

/**
 * Reads everything, block after block. The next one is on its way while the last is looked at.
 *
 * @param depart - What to remember of a request, made right before it leaves.
 * @param take - Looks at a block, with what was remembered of its request, and returns whether to go on.
 */
export async function eachBlock<D>(
  ask: AskForBlock,
  depart: () => D,
  take: (block: Block, departure: D) => boolean,
): Promise<void> {
  const send = (cursor: string): { readonly departure: D; readonly reply: Promise<Block> } => {
    const departure = depart();
    const reply = ask(cursor);
    // Told when it is waited for, which may never be.
    reply.catch(() => {});
    return { departure, reply };
  };
  for (let sent = send(''); ;) {
    const block = await sent.reply;
    const ahead = block.next === undefined ? undefined : send(block.next);
    // Clients send at the end of a turn; and others have things to do, too.
    await new Promise((resolve) => setImmediate(resolve));
    if (!take(block, sent.departure) || ahead === undefined) return;
    sent = ahead;
  }
}
