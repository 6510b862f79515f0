import { hostname } from 'node:os';
import type { Deadline, PartitionId, Space } from '../store/store.ts';
import { VERSION } from '../version.ts';
import type { DictState } from './events.ts';
import type { DictPeer, DictStats } from './nearDict.ts';

/** Longest list of positions in an answer. */
const MAX_POSITIONS = 256;

/** A space by which peers find each other, be there none. */
type PeerSpace = Required<Pick<Space, 'answerPeers' | 'askPeers'>>;

/** Those who have a dictionary open, as one of them sees it. */
export class Peers {
  readonly #space: PeerSpace;
  readonly #describe: () => DictPeer;

  /** @param describe - Tells of the one whose peers they are. */
  constructor(space: PeerSpace, describe: () => DictPeer) {
    this.#space = space;
    this.#describe = describe;
  }

  /** From now on this one answers. */
  announce(): void {
    this.#space.answerPeers(() => JSON.stringify(this.#describe()));
  }

  /** All that answer by the deadline, this one included, the longest open first. */
  async all(deadline: Deadline): Promise<readonly DictPeer[]> {
    const { answers } = await this.#space.askPeers(deadline);
    return peersIn([...answers, JSON.stringify(this.#describe())]);
  }
}

/** What an answer is put together from. */
export interface PeerParts {
  readonly origin: number;
  readonly state: DictState;
  readonly positions: ReadonlyMap<PartitionId, { readonly seq: number }>;
  readonly stats: DictStats;
  readonly age: number;
}

export function peerOf({ origin, state, positions, stats, age }: PeerParts): DictPeer {
  const { hits, misses, hitRate, entries, pendingWrites, lag } = stats;
  return {
    id: origin.toString(16).padStart(12, '0'),
    ...{ pid: process.pid, host: hostname(), version: VERSION, state },
    positions: [...positions].slice(0, MAX_POSITIONS).map(([id, { seq }]) => [id, seq] as const),
    ...{ hits, misses, hitRate, entries, pendingWrites, lag: Math.round(lag), age: Math.round(age) },
  };
}

const NUMBERS = ['pid', 'hits', 'misses', 'hitRate', 'entries', 'pendingWrites', 'age'] as const;
const TEXTS = ['id', 'host', 'version', 'state'] as const;

/** The peers that answers tell of, the longest open first. What is none is left out: anybody could have sent it. */
export function peersIn(answers: readonly string[]): readonly DictPeer[] {
  const peers = new Map<string, DictPeer>();
  for (const answer of answers) {
    const peer = parsed(answer);
    if (peer !== undefined) peers.set(peer.id, peer);
  }
  return [...peers.values()].toSorted((a, b) => b.age - a.age);
}

function parsed(answer: string): DictPeer | undefined {
  try {
    const peer = JSON.parse(answer) as Record<string, unknown>;
    const isWhole =
      NUMBERS.every((name) => typeof peer[name] === 'number') &&
      TEXTS.every((name) => typeof peer[name] === 'string') &&
      Array.isArray(peer['positions']) &&
      peer['positions'].every((pair) => Array.isArray(pair) && pair.every(Number.isInteger));
    // JSON has no Infinity, which is the lag before the first proof.
    return isWhole ? ({ ...peer, lag: peer['lag'] ?? Infinity } as unknown as DictPeer) : undefined;
  } catch {
    return undefined;
  }
}
