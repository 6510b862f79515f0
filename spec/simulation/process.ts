import { TurnClock } from '../../lib/cache/turnClock.ts';
import { openParts } from '../../lib/openDict.ts';
import { Client, type NumberDict } from './client.ts';
import { DataConnection } from './dataConnection.ts';
import { EventLoop } from './eventLoop.ts';
import { FeedConnection } from './feedConnection.ts';
import type { Ledger } from './ledger.ts';
import { INLINE_BYTES, numberCodec } from './numberCodec.ts';
import { Participant } from './participant.ts';
import { MAX_STALENESS_MS, type Profile, VERIFY_INTERVAL_MS } from './profile.ts';
import type { SimulatedServer } from './simulatedServer.ts';
import { simulatedStore } from './simulatedStore.ts';

const CONNECT_TIMEOUT_MS = 200;

// What the library loads when it first uses it: nothing in a simulation may wait for a file.
await Promise.all([import('../../lib/dict/mirror/makeMirror.ts'), import('../../lib/write/writeBack.ts')]);

/** One process: an event loop, two connections, and the handles that were opened in it. */
export class SimulatedProcess {
  readonly name: string;
  readonly loop: EventLoop = new EventLoop();
  readonly data: DataConnection;
  readonly feed: FeedConnection;
  readonly participants: Set<Participant> = new Set<Participant>();
  /** Stopped as by SIGSTOP: its code does not run, its timers and messages wait. */
  isPaused = false;
  readonly #clock: TurnClock;
  readonly #server: SimulatedServer;
  readonly #ledger: Ledger;
  readonly #options: Profile['options'];
  #opened = 0;
  /** Openings under way. */
  #opening = 0;

  constructor(name: string, server: SimulatedServer, ledger: Ledger, options: Profile['options']) {
    this.name = name;
    this.#server = server;
    this.#ledger = ledger;
    this.#options = options;
    const { time } = ledger;
    this.data = new DataConnection(time);
    this.feed = new FeedConnection(time);
    this.#clock = new TurnClock(
      () => time.monotonic(this.loop),
      () => time.now,
    );
    server.feeds.add(this.feed);
    this.feed.connect();
  }

  /** Handles that take calls, and those that will. */
  get handles(): number {
    return this.#opening + [...this.participants].filter(({ isOpen }) => isOpen).length;
  }

  /** Something that can reach the process now. */
  get arrival(): (() => void) | undefined {
    const { data, feed } = this;
    if (data.canNotice) return () => data.notice();
    if (!data.isOpen) return () => data.connect();
    if (data.canReply) return () => data.reply();
    if (feed.canDeliver) return () => feed.deliver();
    return feed.isOpen ? undefined : () => feed.connect();
  }

  resume(): void {
    this.isPaused = false;
  }

  open(): void {
    const name = `${this.name}${++this.#opened}`;
    let participant: Participant | undefined;
    const store = simulatedStore(this.#server, this, {
      sent: (batch) => participant?.writes.sent(batch),
      rejected: (batch, error) => participant?.writes.rejected(batch, error),
    });
    const opening = openParts(
      {
        ...this.#options,
        namespace: 'simulation',
        store,
        codec: numberCodec,
        inlineBytes: INLINE_BYTES,
        maxStaleness: MAX_STALENESS_MS,
        verifyInterval: VERIFY_INTERVAL_MS,
        connectTimeout: CONNECT_TIMEOUT_MS,
      },
      this.#clock,
    );
    this.#opening++;
    this.#ledger.track(
      `open ${name}`,
      opening,
      ({ handle }) => {
        this.#opening--;
        participant = new Participant(new Client(name, handle as unknown as NumberDict, this.#ledger, this.#options));
        this.participants.add(participant);
      },
      () => {
        this.#opening--;
      },
    );
  }
}
