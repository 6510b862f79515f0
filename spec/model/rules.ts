/**
 * The rules of the protocol, each with a switch, so that the model can show what breaks without it.
 *
 * `true` in all of them is the protocol that is claimed to keep the promises.
 */
const on = {
  // Writes
  /** A write that may have happened is repeated only where the store recognises it. */
  noBlindRetry: true,
  /** The script moves the position before it touches data. */
  positionFirst: true,
  /** Every attempt of a write brings a new nonce. */
  freshNonce: true,
  /** One write call of a client is under way at a time. */
  oneWriteInFlight: true,

  // Messages
  /** A message is applied only if it names the applied position, nonce included, as its predecessor. */
  chain: true,
  /** A message beyond the next one drops the cache, or repairs it from the log. */
  gapDrops: true,
  /** A position in the ring with another nonce is a fork: a message or a reading that brings one drops the cache. */
  forkDrops: true,
  /** A message touches only an entry that is older. */
  messageNewer: true,
  /** A message below the ring proves nothing: it removes its key and asks for a reading. */
  belowRingRemoves: true,
  /** A message before sync removes its key. */
  unsyncedRemoves: true,

  // Readings
  /** A reading is compared with the applied position; without, any answer proves freshness. */
  readingCompare: true,
  /** A reading behind the position that was applied when it was sent is a rollback. */
  rollback: true,
  /** The same for the reading that ends the time without sync. */
  rollbackUnsynced: true,
  /** Entries that the feed has not reached are checked by its nonce, and by readings below them. */
  aheadCheck: true,
  /** The same for the reading that ends the time without sync. */
  aheadCheckUnsynced: true,
  /** A proof counts from the moment its request was sent. */
  freshFromSending: true,
  /** A cached read needs a proof that is not older than S. */
  freshnessBound: true,
  /** Readings ahead of a silent feed end in a loss. */
  lossDeclared: true,
  /** A reading that failed is sent again. */
  readingsRepeat: true,
  /** A reading counts only in the stretch of history in which it was sent. */
  stretch: true,

  // Outages
  /** The last known value is an entry of the cache: what was dropped from it never comes back. */
  droppedStaysDropped: true,

  // Replies
  /** A reply below the highest position heard for its key, while it was under way, is not kept. */
  mark: true,
  /** No reply is kept while the position is not established. */
  syncedInstall: true,
  /** No reply is kept that was sent before the cache was dropped. */
  generation: true,
  /** No reply is kept whose position is in another history, or too old to tell. */
  belongs: true,
  /** A reply that is not kept removes an older entry; an acknowledgement that is not kept removes any. */
  skipDrops: true,
  /** A reply of another history, or one too old to tell, removes any entry of its key. */
  foreignReplyRemoves: true,
  /** An unconfirmed entry yields to a reply or acknowledgement that was sent after it was installed. */
  lostAheadYields: true,
  /** A read joins one that is under way only while nothing was heard of the key. */
  joinUnheard: true,

  // Acknowledgements
  /** The answer to a repeated write is history: it never fills. */
  historyNeverFills: true,
  /** An acknowledgement at an applied position removes an entry that the feed has not reached. */
  ackRemovesAhead: true,
  /** An acknowledgement at an applied position installs only if nothing newer was heard of the key. */
  ackUnheard: true,
  /** The message of an own write fills an empty place only while that write is under way. */
  ownMessageUnderWay: true,

  // The change log
  /** The log counts only if it holds the applied position, nonce included. */
  logHoldsApplied: true,
  /** The log counts only if it holds the position of the reading, nonce included. */
  logHoldsReading: true,
  /** The log counts only if no position is missing in it. */
  logUnbroken: true,
};

export type Rules = Readonly<typeof on>;
export type RuleName = keyof Rules;

export const allRules: Rules = on;

/** All rules but some. */
export function without(...names: readonly RuleName[]): Rules {
  const rules = { ...on };
  for (const name of names) rules[name] = false;
  return rules;
}
