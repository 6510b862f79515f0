import type { ServerResponse } from 'node:http';
import { assertKey } from '../../dict/keys.ts';
import type { NearDict } from '../../dict/nearDict.ts';
import { ConflictError } from '../../errors.ts';
import { readAll, type Side } from '../../store/copy.ts';
import { layoutIn } from '../../store/redis/inspect.ts';
import { connectProbe, namespacesIn } from '../../store/redis/probe.ts';
import type { Deadline } from '../../store/store.ts';
import { type PeerSurvey, surveyPeers } from '../peers.ts';
import { type EntryRecord, recordOf, shownOnLine } from '../record.ts';
import { connectInTime, type Target, targetAt } from '../target.ts';

/** A request that is not answered. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Keys that are looked through, in their order. */
const MAX_KEYS = 10_000;
const PAGE_KEYS = 50;
/** Of a value in a list. */
const MAX_TEXT = 200;
const PEERS_MS = 500;
/** Longest time of each step, in milliseconds: somebody looks at the page. */
const STEP_MS = 5000;

/** A namespace that somebody looks at. */
interface Opened {
  readonly target: Target;
  /** For what is stored. */
  readonly side: Side;
  /** For changes and edits. */
  readonly dict: NearDict;
}

/** What the page asks for. */
export class Api {
  readonly #url: string;
  readonly #opened = new Map<string, Promise<Opened>>();

  constructor(url: string) {
    this.#url = url;
  }

  async get(name: string, query: URLSearchParams): Promise<unknown> {
    if (name === 'namespaces') return this.#namespaces();
    const opened = await this.#open(query.get('namespace') ?? '');
    if (name === 'keys') return listKeys(opened, query.get('prefix') ?? '', Number(query.get('from') ?? 0));
    if (name === 'entry') return (await entryOf(opened, query.get('key') ?? '')) ?? null;
    if (name === 'peers') return peersOf(opened);
    throw new Refusal(404, 'There is no such thing.');
  }

  async post(name: string, body: unknown): Promise<unknown> {
    if (name !== 'entry' || typeof body !== 'object' || body === null)
      throw new Refusal(404, 'There is no such thing.');
    const { namespace, key, value, version, expiresAt } = body as Partial<EntryRecord> & { namespace?: unknown };
    if (typeof version !== 'string' || typeof key !== 'string')
      throw new Refusal(400, 'An edit has a key and a version.');
    const opened = await this.#open(String(namespace));
    // What it has left to live stays.
    const ttl = expiresAt === undefined ? undefined : Math.max(1, Date.parse(expiresAt) - Date.now());
    try {
      return { version: await opened.dict.set(key, value, { ifVersion: version, ttl }) };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      return { conflict: (await entryOf(opened, key)) ?? null };
    }
  }

  /** Sends changes as they happen. */
  async stream(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const { dict } = await this.#open(query.get('namespace') ?? '');
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': live\n\n');
    try {
      for await (const change of dict.watch({ signal: gone.signal })) {
        const { type } = change;
        response.write(`data: ${JSON.stringify('key' in change ? { type, key: change.key } : { type })}\n\n`);
      }
    } catch (error) {
      if (!gone.signal.aborted) throw error;
    }
    response.end();
  }

  async close(): Promise<void> {
    for (const opening of this.#opened.values()) {
      const opened = await opening.catch(() => undefined);
      await opened?.dict.close();
      await opened?.side.space.close();
    }
  }

  async #namespaces(): Promise<unknown> {
    const probe = await connectProbe(this.#url, connectInTime());
    try {
      const names = await namespacesIn(probe, inTime);
      return await Promise.all(
        names.map(async (namespace) => ({ namespace, ...(await layoutIn(probe, namespace, inTime())) })),
      );
    } finally {
      probe.close();
    }
  }

  async #open(namespace: string): Promise<Opened> {
    const opening = this.#opened.get(namespace) ?? this.#openNew(namespace);
    this.#opened.set(namespace, opening);
    try {
      return await opening;
    } catch (error) {
      this.#opened.delete(namespace);
      throw error;
    }
  }

  async #openNew(namespace: string): Promise<Opened> {
    const target = await targetAt(this.#url, namespace);
    const side = await target.openSide();
    try {
      return { target, side, dict: await target.openDict() };
    } catch (error) {
      await side.space.close();
      throw error;
    }
  }
}

async function listKeys({ target, side }: Opened, prefix: string, from: number): Promise<unknown> {
  const keys: string[] = [];
  for await (const some of side.space.scan(prefix, inTime)) {
    keys.push(...some);
    if (keys.length > MAX_KEYS) break;
  }
  const page = keys.toSorted().slice(from, from + PAGE_KEYS);
  const entries = await readAll(side, page, STEP_MS);
  const rows = page.flatMap((key) => {
    const entry = entries.get(key);
    if (entry === undefined) return [];
    const { value, codec, version, expiresAt } = recordOf(entry, target.values);
    const text = codec === undefined ? shownOnLine(value) : `${entry.bytes.length} bytes of ${codec}`;
    return [{ key, text: text.slice(0, MAX_TEXT), version, expiresAt }];
  });
  return { rows, from, to: from + page.length, total: Math.min(keys.length, MAX_KEYS), isCut: keys.length > MAX_KEYS };
}

async function entryOf({ target, side }: Opened, key: string): Promise<EntryRecord | undefined> {
  assertKey(key);
  const entry = (await readAll(side, [key], STEP_MS)).get(key);
  return entry && recordOf(entry, target.values);
}

/** The page itself is one of the peers. */
async function peersOf({ target, side }: Opened): Promise<PeerSurvey & { readonly pid: number }> {
  return { ...(await surveyPeers(side.space, target.layout, PEERS_MS, inTime)), pid: process.pid };
}

function inTime(): Deadline {
  return performance.now() + STEP_MS;
}
