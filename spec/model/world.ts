import { Client } from './client.ts';
import { deeds } from './deeds.ts';
import { Dice } from './dice.ts';
import type { Bounds } from './follower.ts';
import { both, type ClientId, Ledger, type Two } from './ledger.ts';
import type { FeedItem } from './message.ts';
import type { Action, Profile } from './profiles.ts';
import type { Request } from './request.ts';
import type { Rules } from './rules.ts';
import { stages, Store } from './store.ts';
import { Trace } from './trace.ts';
import type { Variants } from './variants.ts';

const bounds: Bounds = { maxStaleness: 8, interval: 2, patience: 4 };

/** Long enough for a loss to be declared, and for what was kept before to be too old. */
const quietTicks = bounds.maxStaleness + bounds.patience + 2 * bounds.interval;

/** Two clients, a store, and everything that can go wrong between them, one event at a time. */
export class World {
  readonly trace: Trace = new Trace();
  readonly ledger: Ledger = new Ledger(bounds.maxStaleness, this.trace);
  readonly store: Store;
  readonly clients: Two<Client>;
  readonly #profile: Profile;
  readonly #dice = new Dice(0);
  /** Requests of cut connections that the server still has to execute. */
  #late: Request[] = [];
  #number = 0;

  constructor(profile: Profile, rules: Rules, variants: Variants) {
    const { ledger, trace } = this;
    this.#profile = profile;
    this.store = new Store(
      ledger,
      rules,
      trace,
      variants.logSize,
      profile.retry > 0 && rules.noBlindRetry,
      (message) => {
        this.publish(message);
      },
    );
    const numbers = { next: () => ++this.#number };
    const open = (id: ClientId): Client => new Client(id, ledger, rules, variants, bounds, numbers, trace);
    this.clients = [open(0), open(1)];
    this.#warmUp();
  }

  /** One event. What it is about follows from `word` alone, so that other events can be left out of a history. */
  step(action: Action, word: number): void {
    this.#dice.state = word;
    const client = this.clients[this.#dice.pair()];
    deeds[action](this, client, this.#dice);
  }

  /** Faults end, everything arrives, and what the clients then hold is judged. */
  settle(): void {
    if (this.trace.isOn) this.trace.add('everything becomes quiet');
    for (let tick = 0; tick < quietTicks; tick++) {
      this.#arrive();
      for (const client of this.clients) for (const key of both) client.read(key);
      this.tick();
      if (this.ledger.violation !== undefined) return;
    }
    this.#arrive();
    const { values } = this.store.primary;
    for (const client of this.clients) {
      for (const key of both) this.ledger.settle(client.id, key, client.follower.peek(key), values[key]);
    }
  }

  tick(): void {
    this.ledger.now += 1;
    if (this.trace.isOn) this.trace.add(`--- ${this.ledger.now}`);
    for (const client of this.clients) client.beat();
  }

  // The data connection

  executeNext({ connection }: Client): void {
    const request = connection.requests[connection.executed];
    if (request === undefined || connection.isDraining) return;
    connection.executed++;
    this.#execute(request);
  }

  #execute(request: Request): void {
    const { store } = this;
    if (request.batch === undefined) {
      request.state = store.primary;
      request.position = store.primary.position;
      request.answer = 'done';
      return;
    }
    if (this.#dice.chance(this.#profile.unknownScript)) {
      request.answer = 'unknownScript';
      return;
    }
    const isHalf = this.#dice.chance(this.#profile.halfRun);
    const stage = isHalf ? stages.first + this.#dice.below(stages.published - stages.first) : stages.published;
    request.position = store.run(request.batch, request.nonce, stage);
    request.answer = isHalf ? 'failed' : 'done';
  }

  answerNext(client: Client): void {
    const { connection } = client;
    const request = connection.takeAnswered();
    if (request !== undefined) client.receive(request);
    else if (connection.isDraining) this.#disconnect(client);
  }

  /** Of the requests that were not executed, some still are, some are later, and the rest never. */
  cutData(client: Client): void {
    const { connection } = client;
    if (!connection.isUp) return;
    if (connection.isDraining) {
      this.#disconnect(client);
      return;
    }
    for (let left = this.#dice.below(3); left > 0; left--) this.executeNext(client);
    const open = connection.cut();
    const late = this.#dice.pair() === 0 ? 0 : this.#dice.below(open.length + 1);
    this.#late.push(...open.slice(0, late));
    const never = this.#dice.pair() === 0 ? [] : open.slice(late);
    client.disconnected(never, this.#dice.chance(this.#profile.retry));
  }

  #disconnect(client: Client): void {
    client.connection.cut();
    client.disconnected([], this.#dice.chance(this.#profile.retry));
  }

  runLate(): void {
    const request = this.#late.shift();
    if (request !== undefined) this.#execute(request);
  }

  // The feed

  publish(item: FeedItem): void {
    for (const { feed } of this.clients) if (feed.isSubscribed) feed.items.push(item);
  }

  hearNext(client: Client): void {
    const item = client.feed.items[0];
    if (item === undefined) return;
    if (item.type === 'message' && item.epoch < this.store.epoch) this.ledger.heardDeposed(client.id);
    if (this.trace.isOn) this.trace.add(`client ${client.id} hears ${showItem(item)}`);
    client.hearNext();
  }

  lose({ id, feed }: Client): void {
    const index = this.#dice.below(Math.max(1, feed.items.length));
    const item = feed.items[index];
    if (item === undefined || item.type === 'live') return;
    if (this.trace.isOn) this.trace.add(`lost on the way to client ${id}: ${showItem(item)}`);
    feed.items.splice(index, 1);
  }

  unsubscribe({ id, feed }: Client): void {
    if (this.trace.isOn) this.trace.add(`the server unsubscribes client ${id} silently`);
    feed.isSubscribed = false;
  }

  duplicate({ feed }: Client): void {
    const item = feed.items[this.#dice.below(Math.max(1, feed.items.length))];
    if (item !== undefined && item.type === 'message') feed.items.push(item);
  }

  // The servers

  /** @param survivingFeeds - Percent of the feeds that stay with the deposed primary, which passes on what the new one sends. */
  failOver(isEmpty: boolean, survivingFeeds: number): void {
    this.store.failOver(isEmpty);
    if (this.trace.isOn) this.trace.add(`failover to ${this.store.primary.position.seq}`);
    this.#late = [];
    for (const client of this.clients) {
      if (!this.#dice.chance(survivingFeeds)) client.cutFeed();
      if (!client.connection.isUp) continue;
      if (this.#dice.pair() === 0) client.connection.isDraining = true;
      else this.#disconnect(client);
    }
  }

  // Quiet

  /** Both clients follow, are fresh and hold both keys. */
  #warmUp(): void {
    this.#arrive();
    for (const client of this.clients) {
      client.beat();
      for (const key of both) client.readFresh(key);
    }
    this.#arrive();
  }

  /** Lets everything that is under way arrive. */
  #arrive(): void {
    while (this.#late.length > 0) this.runLate();
    // Without the rule of rollbacks a reading can ask for another one for ever.
    for (let isMoving = true, rounds = 0; isMoving && rounds < 20; rounds++) {
      isMoving = false;
      for (const client of this.clients) isMoving = this.#arriveAt(client) || isMoving;
    }
  }

  #arriveAt(client: Client): boolean {
    const { connection, feed } = client;
    client.connect();
    client.subscribe();
    client.sendWrites();
    const isMoving = connection.requests.length > 0 || connection.isDraining || feed.items.length > 0;
    while (!connection.isDraining && connection.executed < connection.requests.length) this.executeNext(client);
    const wasDraining = connection.isDraining;
    for (let left = connection.executed; left > 0; left--) this.answerNext(client);
    if (wasDraining) this.#disconnect(client);
    while (feed.items.length > 0) this.hearNext(client);
    return isMoving;
  }
}

function showItem(item: FeedItem): string {
  if (item.type === 'live') return 'that its subscription stands';
  if (item.type === 'foreign') return `that a foreign program changed key ${item.key}`;
  return `message ${item.previous.seq}.${item.previous.nonce} -> ${item.position.seq}.${item.position.nonce}`;
}
