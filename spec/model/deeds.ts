import type { Client } from './client.ts';
import type { Dice } from './dice.ts';
import type { Action } from './profiles.ts';
import type { World } from './world.ts';

type Deed = (world: World, client: Client, dice: Dice) => void;

/** What each action does. */
export const deeds: Readonly<Record<Action, Deed>> = {
  tick: (world) => {
    world.tick();
  },
  read: (_world, client, dice) => {
    client.read(dice.pair());
  },
  readFresh: (_world, client, dice) => {
    client.readFresh(dice.pair());
  },
  readLastKnown: (_world, client, dice) => {
    client.readLastKnown(dice.pair());
  },
  write: (_world, client, dice) => {
    client.write(dice.pair());
  },
  send: (_world, client) => {
    client.sendWrites();
  },
  execute: (world, client) => {
    world.executeNext(client);
  },
  answer: (world, client) => {
    world.answerNext(client);
  },
  hear: (world, client) => {
    world.hearNext(client);
  },
  connect: (_world, client) => {
    client.connect();
  },
  subscribe: (_world, client) => {
    client.subscribe();
  },
  replicate: (world) => {
    world.store.replicate();
  },
  cutData: (world, client) => {
    world.cutData(client);
  },
  cutFeed: (_world, client) => {
    client.cutFeed();
  },
  timeOut: (_world, client) => {
    client.timeOut();
  },
  giveUp: (_world, client, dice) => {
    client.giveUp(dice.pair());
  },
  runLate: (world) => {
    world.runLate();
  },
  lose: (world, client) => {
    world.lose(client);
  },
  duplicate: (world, client) => {
    world.duplicate(client);
  },
  unsubscribe: (world, client) => {
    world.unsubscribe(client);
  },
  foreign: (world, _client, dice) => {
    world.publish({ type: 'foreign', key: dice.pair() });
  },
  failOver: (world) => {
    world.failOver(false, 0);
  },
  failOverDeposed: (world) => {
    world.failOver(false, 75);
  },
  wipe: (world) => {
    world.failOver(true, 0);
  },
};
