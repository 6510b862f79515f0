// @ts-check
// Messages over one connection of its own: NOTIFY says that there are some, and the log has them.
import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import pg from 'pg';
import { decodeChanges } from './changes.js';
import { within } from './deadline.js';
import { positionIn } from './rows.js';

/** @import { FeedListener, Message, PartitionId } from 'neardict' */

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;
/** Longest wait for an answer: a connection that has died silently must not be waited for forever. */
const ANSWER_MS = 10_000;
/** Messages read at a time. */
const MESSAGES = 100;

/**
 * The channel that tells of a partition. The name of one has 63 bytes at most, and that of a namespace may have more.
 *
 * @param {string} namespace
 * @param {PartitionId} part
 */
export function channelOf(namespace, part) {
  return `neardict_${createHash('sha1').update(`${namespace}#${part}`).digest('hex')}`;
}

/**
 * One partition that somebody follows. `onFirstLive` is called once.
 *
 * @typedef {{ isLive: boolean, onFirstLive: () => void }} Attendance
 * @typedef {{ namespace: string, part: PartitionId, listeners: Map<FeedListener, Attendance> }} Topic
 */

/** What is known of one connection, and is forgotten with it. */
class Session {
  socket = new Socket().unref();
  client;
  connected;
  /** By channel that is listened to: number in the log of the last message. @type {Map<string, string>} */
  cursors = new Map();
  /** Channels that have something new. @type {Set<string>} */
  notified = new Set();
  isBusy = false;
  isDue = false;

  /** @param {pg.ClientConfig} config */
  constructor(config) {
    const own = {
      application_name: 'neardict-feed',
      connectionTimeoutMillis: ANSWER_MS,
      keepAlive: true,
      stream: () => this.socket,
    };
    this.client = new pg.Client({ ...config, ...own });
    this.connected = this.client.connect();
  }

  /** At once: a goodbye would wait for a server that does not answer. */
  end() {
    this.socket.destroy();
  }
}

/** Brings what is written to those who follow. A lost connection is replaced, and nothing here keeps the process alive. */
export class Feed {
  #config;
  /** By channel. @type {Map<string, Topic>} */
  #topics = new Map();
  /** @type {Session | undefined} */
  #session;
  #pauseMs = FIRST_PAUSE_MS;
  /** @type {NodeJS.Timeout | undefined} */
  #pause;
  /** Why the last connection was lost, or could not be made. @type {unknown} */
  lastError;

  /** @param {pg.ClientConfig} config */
  constructor(config) {
    this.#config = config;
  }

  /** @param {string} namespace @param {PartitionId} part @param {FeedListener} listener @param {() => void} onFirstLive */
  add(namespace, part, listener, onFirstLive) {
    const channel = channelOf(namespace, part);
    const topic = this.#topics.get(channel) ?? { namespace, part, listeners: new Map() };
    this.#topics.set(channel, topic);
    topic.listeners.set(listener, { isLive: false, onFirstLive });
    this.#work();
  }

  /** @param {string} namespace @param {PartitionId} part @param {FeedListener} listener */
  remove(namespace, part, listener) {
    const channel = channelOf(namespace, part);
    const topic = this.#topics.get(channel);
    if (topic === undefined) return;
    topic.listeners.delete(listener);
    if (topic.listeners.size > 0) return;
    this.#topics.delete(channel);
    this.#work();
  }

  /** Takes a new connection: the old one loses messages. */
  renew() {
    const session = this.#session;
    // Not from inside the call of somebody who is told of it.
    if (session !== undefined) queueMicrotask(() => this.#lose(session, new Error('Messages were missing.')));
  }

  /** Ends the connection. Everybody has been removed. */
  close() {
    clearTimeout(this.#pause);
    this.#session?.end();
    this.#session = undefined;
  }

  #work() {
    const session = this.#session ?? this.#dial();
    if (session === undefined) return;
    session.isDue = true;
    if (!session.isBusy) this.#workOff(session).catch((error) => this.#lose(session, error));
  }

  #dial() {
    if (this.#pause !== undefined || this.#topics.size === 0) return undefined;
    const session = new Session(this.#config);
    this.#session = session;
    session.client.on('error', (error) => this.#lose(session, error));
    session.client.on('end', () => this.#lose(session, new Error('The connection was closed.')));
    session.client.on('notification', ({ channel }) => {
      session.notified.add(channel);
      this.#work();
    });
    return session;
  }

  /** @param {Session} session */
  async #workOff(session) {
    session.isBusy = true;
    await session.connected;
    while (session.isDue) {
      session.isDue = false;
      await this.#leave(session);
      for (const [channel, topic] of this.#topics) await this.#attend(session, channel, topic);
      this.#pauseMs = FIRST_PAUSE_MS;
    }
    session.isBusy = false;
  }

  /** Ends listening where nobody follows any more. @param {Session} session */
  async #leave(session) {
    for (const channel of session.cursors.keys()) {
      if (this.#topics.has(channel)) continue;
      session.cursors.delete(channel);
      await this.#query(session, `UNLISTEN ${channel}`);
    }
  }

  /** @param {Session} session @param {string} channel @param {Topic} topic */
  async #attend(session, channel, topic) {
    if (!session.cursors.has(channel)) await this.#listen(session, channel, topic);
    else if (session.notified.delete(channel)) await this.#bringMessages(session, channel, topic);
    for (const [listener, attendance] of topic.listeners) {
      if (attendance.isLive) continue;
      attendance.isLive = true;
      listener.live();
      attendance.onFirstLive();
    }
  }

  /**
   * Listens first, and looks then where the log ends: nothing is written unseen in between.
   *
   * @param {Session} session
   * @param {string} channel
   * @param {Topic} topic
   */
  async #listen(session, channel, { namespace, part }) {
    await this.#query(session, `LISTEN ${channel}`);
    const text = 'SELECT coalesce(max(id), 0) AS id FROM neardict.log WHERE namespace = $1 AND part = $2';
    const [{ id }] = await this.#query(session, text, [namespace, part]);
    session.cursors.set(channel, id);
  }

  /** @param {Session} session @param {string} channel @param {Topic} topic */
  async #bringMessages(session, channel, topic) {
    const text = `SELECT * FROM neardict.log WHERE namespace = $1 AND part = $2 AND id > $3 ORDER BY id LIMIT ${MESSAGES}`;
    for (;;) {
      const values = [topic.namespace, topic.part, session.cursors.get(channel)];
      const rows = await this.#query(session, text, values);
      for (const row of rows) {
        session.cursors.set(channel, row.id);
        const message = messageIn(row);
        for (const [listener, { isLive }] of topic.listeners) if (isLive) listener.message(message);
      }
      if (rows.length < MESSAGES) return;
    }
  }

  /** @param {Session} session @param {string} text @param {unknown[]} [values] @returns {Promise<any[]>} */
  async #query(session, text, values) {
    const { rows } = await within(session.client.query(text, values), performance.now() + ANSWER_MS, true);
    if (session !== this.#session) throw new Error('There is a newer connection.');
    return rows;
  }

  /** @param {Session} session @param {unknown} error */
  #lose(session, error) {
    if (session !== this.#session) return;
    this.#session = undefined;
    this.lastError = error;
    session.end();
    for (const { listeners } of this.#topics.values()) {
      for (const [listener, attendance] of listeners) {
        if (!attendance.isLive) continue;
        attendance.isLive = false;
        listener.interrupted();
      }
    }
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#work();
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }
}

/** @param {any} row @returns {Message} */
function messageIn(row) {
  return {
    previous: { seq: Number(row.previous_seq), nonce: Number(row.previous_nonce) },
    position: positionIn(row),
    origin: Number(row.origin),
    clear: row.clear,
    changes: decodeChanges(row.changes),
  };
}
