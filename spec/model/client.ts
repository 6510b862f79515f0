import { Connection, Feed } from './connection.ts';
import { type Bounds, Follower, type FollowerHost } from './follower.ts';
import { both, type ClientId, type KeyId, type Ledger, type Operation, type Two, label } from './ledger.ts';
import { Request } from './request.ts';
import type { Rules } from './rules.ts';
import type { Batch } from './store.ts';
import type { Trace } from './trace.ts';
import type { Variants } from './variants.ts';

/** Numbers that are unique in a history. */
export interface Numbers {
  next(): number;
}

/** One process: reads, writes, readings, and the two connections that carry them. */
export class Client implements FollowerHost {
  readonly id: ClientId;
  readonly connection: Connection = new Connection();
  readonly feed: Feed = new Feed();
  readonly inFlight: Request[] = [];
  readonly follower: Follower;
  /** Own writes that have not ended: what readers see first. */
  readonly pending: Two<Operation | undefined> = [undefined, undefined];
  readonly #queued: Two<Operation | undefined> = [undefined, undefined];
  readonly #ledger: Ledger;
  readonly #rules: Rules;
  readonly #interval: number;
  readonly #trace: Trace;
  readonly #numbers: Numbers;
  /** Calls that wait for a connection to be sent again. */
  #retries: Request[] = [];
  #calls = 0;
  #isReading = false;
  #wantsReading = false;
  #nextBeat = 0;

  constructor(
    id: ClientId,
    ledger: Ledger,
    rules: Rules,
    variants: Variants,
    bounds: Bounds,
    numbers: Numbers,
    trace: Trace,
  ) {
    this.id = id;
    this.#ledger = ledger;
    this.#rules = rules;
    this.#interval = bounds.interval;
    this.#numbers = numbers;
    this.#trace = trace;
    this.follower = new Follower(this, rules, variants, bounds, trace);
  }

  get now(): number {
    return this.#ledger.now;
  }

  moment(): number {
    return this.#numbers.next();
  }

  // What the application does

  read(key: KeyId): void {
    if (this.pending[key] !== undefined) return;
    const version = this.follower.peek(key);
    if (version === undefined) {
      this.#fetch(key, true);
      return;
    }
    if (this.#trace.isOn) this.#say(`is served ${label(version)} from its cache`);
    this.#ledger.hit(this.id, version);
  }

  /** A read that asks the store in any case. */
  readFresh(key: KeyId): void {
    if (this.pending[key] === undefined) this.#fetch(key, false);
  }

  /** A read that can't be answered: the last known value is served, however old it is. */
  readLastKnown(key: KeyId): void {
    if (this.pending[key] !== undefined) return;
    const version = this.follower.lastKnown(key);
    if (version === undefined) return;
    if (this.#trace.isOn) this.#say(`is served ${label(version)}, the last that it knows`);
    this.#ledger.read(this.id, version, this.#ledger.floor(this.id, key));
  }

  write(key: KeyId): void {
    const operation: Operation = { id: this.#numbers.next(), key, version: undefined };
    this.pending[key] = operation;
    this.#queued[key] = operation;
    if (this.#trace.isOn) this.#say(`writes ${nameOf(key)} (operation ${operation.id})`);
  }

  /** Sends the writes that wait. */
  sendWrites(): void {
    if (!this.connection.isUp || (this.#calls > 0 && this.#rules.oneWriteInFlight)) return;
    const [x, y] = this.#queued;
    if (x === undefined && y === undefined) return;
    const batch: Batch = { id: this.#numbers.next(), client: this.id, operations: [x, y] };
    this.#queued[0] = undefined;
    this.#queued[1] = undefined;
    const request = this.#depart('write');
    request.batch = batch;
    this.#calls++;
    this.#sendCall(request);
  }

  /** A write that was not sent fails: what it hid is seen again. */
  giveUp(key: KeyId): void {
    const operation = this.#queued[key];
    if (operation === undefined) return;
    this.#queued[key] = undefined;
    if (this.#trace.isOn) this.#say(`gives operation ${operation.id} up`);
    this.#uncover(operation);
  }

  /** Nobody waits any longer for the oldest command. */
  timeOut(): void {
    const request = this.inFlight[0];
    if (request === undefined) return;
    if (this.#trace.isOn) this.#say(`waits no longer for ${describe(request)}`);
    request.isAbandoned = true;
    this.#fail(request, 'unknown');
  }

  // Readings

  beat(): void {
    if (this.now < this.#nextBeat) return;
    this.#nextBeat = this.now + this.#interval;
    this.requestReading();
  }

  requestReading(): void {
    this.#wantsReading = true;
    this.#sendReading();
  }

  renewFeed(): void {
    this.cutFeed();
  }

  // Connections

  connect(): void {
    if (this.connection.isUp) return;
    this.connection.isUp = true;
    if (this.#trace.isOn) this.#say('connects');
    for (const request of this.#retries.splice(0)) this.#sendAgain(request);
    if (this.#wantsReading) this.#sendReading();
  }

  /**
   * The data connection is gone.
   *
   * @param never - Requests that are known never to have been sent.
   */
  disconnected(never: readonly Request[], retries: boolean): void {
    if (this.#trace.isOn) this.#say('has lost its data connection');
    for (const request of [...this.inFlight]) {
      if (request.kind === 'write' && retries && !never.includes(request)) {
        this.#leave(request);
        this.#retries.push(request);
      } else this.#fail(request, never.includes(request) ? 'never' : 'unknown');
    }
  }

  subscribe(): void {
    if (this.feed.isUp) return;
    if (this.#trace.isOn) this.#say('subscribes');
    this.feed.subscribe();
  }

  cutFeed(): void {
    if (!this.feed.isUp) return;
    if (this.#trace.isOn) this.#say('has lost its feed');
    this.feed.cut();
    this.follower.interrupted();
  }

  hearNext(): void {
    const item = this.feed.items.shift();
    if (item !== undefined) this.follower.receive(item);
  }

  // Answers

  receive(request: Request): void {
    if (request.isAbandoned) return;
    if (request.answer === 'unknownScript') {
      request.answer = 'none';
      this.connection.requests.push(request);
      return;
    }
    if (request.answer === 'failed') this.#fail(request, 'unknown');
    else if (request.kind === 'reading') this.#receiveReading(request);
    else if (request.kind === 'log') this.#receiveLog(request);
    else if (request.kind === 'read') this.#receiveReply(request);
    else this.#receiveAcknowledgement(request);
  }

  #receiveReading(request: Request): void {
    this.#leave(request);
    if (this.follower.reading(request)) this.#sendLog(request);
    else this.#endReading();
  }

  #receiveLog(request: Request): void {
    this.#leave(request);
    if (request.reading !== undefined && request.state !== undefined) {
      this.follower.repair(request.reading, request.state.log);
    }
    this.#endReading();
  }

  #endReading(): void {
    this.#isReading = false;
    if (this.#wantsReading) this.#sendReading();
  }

  #receiveReply(request: Request): void {
    const version = request.state?.values[request.key];
    if (version === undefined) return;
    this.follower.observe(request);
    this.follower.fill(request, version);
    this.#leave(request);
    if (this.#trace.isOn) this.#say(`reads ${label(version)} from the store`);
    for (const floor of request.floors) this.#ledger.read(this.id, version, floor);
  }

  #receiveAcknowledgement(request: Request): void {
    for (const operation of request.batch?.operations ?? []) {
      if (operation === undefined) continue;
      if (this.#trace.isOn) this.#say(`has operation ${operation.id} acknowledged`);
      if (this.pending[operation.key] === operation) this.pending[operation.key] = undefined;
      this.#acknowledge(request, operation);
      this.#ledger.acknowledge(this.id, operation);
    }
    this.#leave(request);
    this.#calls--;
  }

  #acknowledge(request: Request, { key, version }: Operation): void {
    const isHistory = request.isRepeat && this.#rules.historyNeverFills;
    if (isHistory || version === undefined) this.follower.uncertain(key);
    else this.follower.acknowledge(request, key, version);
  }

  #fail(request: Request, outcome: 'never' | 'unknown'): void {
    this.#leave(request);
    if (request.kind === 'write') this.#failWrite(request, outcome);
    if (request.kind === 'read' || request.kind === 'write' || !this.#rules.readingsRepeat) return;
    this.#isReading = false;
    this.requestReading();
  }

  #failWrite(request: Request, outcome: 'never' | 'unknown'): void {
    this.#calls--;
    for (const operation of request.batch?.operations ?? []) {
      if (operation === undefined) continue;
      if (this.#trace.isOn) this.#say(`has operation ${operation.id} fail (${outcome})`);
      this.#uncover(operation);
      if (outcome === 'unknown') this.follower.uncertain(operation.key);
    }
  }

  #uncover(operation: Operation): void {
    if (this.pending[operation.key] === operation) this.pending[operation.key] = undefined;
  }

  // Sending

  #fetch(key: KeyId, mayJoin: boolean): void {
    const floor = this.#ledger.floor(this.id, key);
    const joined = mayJoin ? this.#readUnderWay(key) : undefined;
    if (joined !== undefined) {
      joined.floors.push(floor);
      return;
    }
    if (!this.connection.isUp) return;
    const request = this.#depart('read');
    request.key = key;
    request.floors.push(floor);
    this.connection.requests.push(request);
    if (this.#trace.isOn) this.#say(`asks the store for ${nameOf(key)}`);
  }

  #readUnderWay(key: KeyId): Request | undefined {
    return this.inFlight.find(
      (request) => request.kind === 'read' && request.key === key && (request.isUnheard || !this.#rules.joinUnheard),
    );
  }

  #sendReading(): void {
    if (this.#isReading || !this.connection.isUp) return;
    this.#wantsReading = false;
    this.#isReading = true;
    this.connection.requests.push(this.#depart('reading'));
    if (this.#trace.isOn) this.#say('sends a reading');
  }

  /** A connection that is gone has ended the reading as well. */
  #sendLog(reading: Request): void {
    const request = this.#depart('log');
    request.reading = reading;
    this.connection.requests.push(request);
    if (this.#trace.isOn) this.#say('asks for the log');
  }

  #sendCall(request: Request): void {
    request.nonce = this.#rules.freshNonce ? this.#numbers.next() : (request.batch?.id ?? 0);
    this.connection.requests.push(request);
    if (this.#trace.isOn) this.#say(`sends ${describe(request)}`);
  }

  #sendAgain(request: Request): void {
    const again = this.#depart('write');
    again.batch = request.batch;
    again.isRepeat = true;
    this.#sendCall(again);
  }

  #depart(kind: Request['kind']): Request {
    const { generation, stretch, applied } = this.follower;
    const request = new Request(kind, this.now, this.moment(), generation, stretch, applied);
    this.inFlight.push(request);
    return request;
  }

  #leave(request: Request): void {
    const index = this.inFlight.indexOf(request);
    if (index >= 0) this.inFlight.splice(index, 1);
  }

  #say(what: string): void {
    this.#trace.add(`client ${this.id} ${what}`);
  }
}

function nameOf(key: KeyId): string {
  return key === 0 ? 'x' : 'y';
}

function describe(request: Request): string {
  if (request.kind === 'read') return `the read of ${nameOf(request.key)}`;
  if (request.kind === 'reading' || request.kind === 'log') return `the ${request.kind}`;
  const ids = both.flatMap((key) => request.batch?.operations[key]?.id ?? []);
  return `${request.isRepeat ? 'again ' : ''}operation ${ids.join(' and ')} with nonce ${request.nonce}`;
}
