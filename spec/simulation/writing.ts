import type { Chance } from './chance.ts';
import type { Participant } from './participant.ts';
import { KEYS } from './truth.ts';

type Write = (participant: Participant, key: string, chance: Chance) => void;

function assign({ client, writes }: Participant, key: string, chance: Chance): void {
  for (let times = chance.pick([1, 1, 1, 2]); times > 0; times--) {
    if (chance.is(0.25)) {
      writes.beginBackground(key, undefined);
      delete client.handle.dict[key];
    } else {
      const { value } = writes.beginBackground(key, client.ledger.truth.newValue());
      client.handle.dict[key] = value as number;
    }
  }
}

function set({ client, writes }: Participant, key: string): void {
  const write = writes.begin(key, client.ledger.truth.newValue());
  writes.follow(`set ${key}`, client.handle.set(key, write.value as number), [write]);
}

/** Given up at once, or while it may be on its way. */
function setAborted({ client, writes }: Participant, key: string, chance: Chance): void {
  const controller = new AbortController();
  const { signal } = controller;
  const write = writes.begin(key, client.ledger.truth.newValue());
  writes.follow(`aborted set ${key}`, client.handle.set(key, write.value as number, { signal }), [write], true);
  if (chance.is(0.5)) controller.abort();
  else
    setTimeout(() => {
      controller.abort();
    }, chance.below(20));
}

function remove({ client, writes }: Participant, key: string): void {
  const write = writes.begin(key, undefined);
  writes.follow(`delete ${key}`, client.handle.delete(key), [write]);
}

function setMany({ client, writes }: Participant): void {
  const begun = KEYS.map((key) => writes.beginPart(key, client.ledger.truth.newValue()));
  const entries = begun.map(({ key, value }) => [key, value as number] as const);
  writes.follow('setMany', client.handle.setMany(entries), begun);
}

function deleteMany({ client, writes }: Participant): void {
  const begun = KEYS.slice(1).map((key) => writes.beginPart(key, undefined));
  writes.follow('deleteMany', client.handle.deleteMany(begun.map(({ key }) => key)), begun);
}

export function clear({ client, writes }: Participant): void {
  const since = client.ledger.step;
  client.track('clear', client.handle.clear(), () => {
    writes.cleared(since);
  });
}

/** All ways to write, each as often as its weight says. */
export const writings: readonly (readonly [weight: number, name: string, write: Write])[] = [
  [1.2, 'assign', assign],
  [1, 'set', set],
  [0.3, 'aborted set', setAborted],
  [0.3, 'delete', remove],
  [0.3, 'setMany', setMany],
  [0.2, 'deleteMany', deleteMany],
];
