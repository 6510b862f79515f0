import { setTimeout as sleep } from 'node:timers/promises';
import { ClosedError, UnavailableError } from '../../errors.ts';
import { Deadlines } from '../deadline.ts';
import { randomNonce } from '../nonce.ts';
import type { Deadline, PeerAnswers } from '../store.ts';
import type { Connection } from './connection.ts';
import { isForbidden, unavailable } from './failures.ts';
import { peersChannel } from './names.ts';
import type { Publish } from './scripts.ts';
import type { MessageSource } from './subscriber.ts';
import type { Subscription } from './subscription.ts';

/** Longest wait for an answer to be sent, in milliseconds: whoever has asked does not wait longer. */
const ANSWER_MS = 5000;
/** Those who share a connection hear the question as one, and each sends an answer of its own, in milliseconds. */
const GRACE_MS = 50;
/** Whoever may publish could send anything. */
const MAX_ANSWERS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * How those who have a namespace open find each other: a question is published on one channel, with a mark by which it
 * names the channel of its own on which it wants the answers. Nothing is kept in Redis.
 */
export class PeerChannel {
  readonly #connection: Connection;
  readonly #subscriber: MessageSource;
  readonly #publishBy: Publish;
  readonly #namespace: string;
  readonly #subscriptions = new Set<Subscription>();
  readonly #deadlines = new Deadlines({ keepsAlive: false });
  #isClosed = false;

  constructor(connection: Connection, subscriber: MessageSource, publishBy: Publish, namespace: string) {
    this.#connection = connection;
    this.#subscriber = subscriber;
    this.#publishBy = publishBy;
    this.#namespace = namespace;
  }

  /** Answers questions from now on. A user who may not hear them is not asked again. */
  answer(describe: () => string): void {
    const subscription = this.#listen(peersChannel(this.#namespace), {
      message: (payload) => {
        const mark = payload.toString('latin1');
        if (/^[0-9a-f]{12}$/.test(mark)) this.#publish(peersChannel(this.#namespace, mark), describe()).catch(() => {});
      },
      failed: (error) => {
        if (isForbidden(error)) this.#forget(subscription);
      },
    });
  }

  async ask(deadline: Deadline): Promise<PeerAnswers> {
    const mark = randomNonce().toString(16).padStart(12, '0');
    const question = new Question();
    const subscription = this.#listen(peersChannel(this.#namespace, mark), question);
    try {
      const late = (): Error => new UnavailableError('Redis did not confirm the subscription in time.');
      await this.#deadlines.within(question.answerable, deadline, late);
      const heard = (await this.#publish(peersChannel(this.#namespace), mark, deadline)) as number;
      // A server of a cluster knows only of its own listeners.
      if (!this.#connection.isCluster) question.expect(heard);
      // Whoever has not answered by then is not waited for.
      await this.#deadlines.within(question.complete, deadline, () => new Error('Late.')).catch(() => {});
      await sleep(GRACE_MS);
      return { answers: question.answers, heard: this.#connection.isCluster ? undefined : heard };
    } finally {
      this.#forget(subscription);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const subscription of this.#subscriptions) this.#forget(subscription);
  }

  #listen(channel: string, hears: Hearing): Subscription {
    if (this.#isClosed) throw new ClosedError(this.#namespace);
    const subscription: Subscription = {
      channels: [channel],
      live() {
        hears.live?.();
      },
      interrupted() {
        // It comes back by itself.
      },
      message(payload) {
        if (Buffer.isBuffer(payload)) hears.message(payload);
      },
      failed(error) {
        hears.failed(error);
      },
    };
    this.#subscriptions.add(subscription);
    this.#subscriber.add(subscription);
    return subscription;
  }

  #forget(subscription: Subscription): void {
    if (this.#subscriptions.delete(subscription)) this.#subscriber.remove(subscription);
  }

  #publish(channel: string, text: string, deadline: Deadline = performance.now() + ANSWER_MS): Promise<unknown> {
    return this.#connection.query([this.#publishBy, channel, text], deadline, true);
  }
}

/** What is heard on a channel. */
interface Hearing {
  live?(): void;
  message(payload: Buffer): void;
  failed(error: unknown): void;
}

/** A question under way. */
class Question implements Hearing {
  readonly answers: string[] = [];
  /** Resolves when answers can be heard; rejects when the user may not. */
  readonly answerable: Promise<void>;
  /** Resolves when as many have answered as have heard it. */
  readonly complete: Promise<void>;
  #heard = Number.POSITIVE_INFINITY;
  #finish!: () => void;
  live!: () => void;
  #refuse!: (error: unknown) => void;

  constructor() {
    this.answerable = new Promise((resolve, reject) => {
      this.live = resolve;
      this.#refuse = reject;
    });
    this.complete = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  expect(heard: number): void {
    this.#heard = heard;
    this.#look();
  }

  message(payload: Buffer): void {
    if (this.answers.length < MAX_ANSWERS && payload.length <= MAX_ANSWER_BYTES) this.answers.push(payload.toString());
    this.#look();
  }

  failed(error: unknown): void {
    if (isForbidden(error)) this.#refuse(unavailable(error));
  }

  #look(): void {
    if (this.answers.length >= this.#heard) this.#finish();
  }
}
