import type { DictPeer } from '../dict/nearDict.ts';
import { peersIn } from '../dict/peers.ts';
import type { Deadline, Layout, Space } from '../store/store.ts';
import { type Command, DONE, PLACE } from './command.ts';
import { shownKey } from './record.ts';
import { findTarget, inTime } from './target.ts';

/** A peer, and how many write calls of the partitions that it follows it has not applied yet. */
interface PeerRow extends DictPeer {
  readonly behind: number;
}

/** What a question for peers has brought. */
export interface PeerSurvey {
  readonly peers: readonly PeerRow[];
  /** Connections that have heard the question, and brought no answer; 0 where the store can't tell. */
  readonly silent: number;
}

export const peers: Command = {
  usage: `neardict peers --namespace NAME [--wait MS]

Asks who has the namespace open, in all processes: state, how many write calls it is behind, hits and misses of its cache,
lag (since it was last proven equal to the store) and age, in milliseconds. Who is stuck, or may not publish, is silent.

  --wait      how long to wait for answers, in milliseconds: 10 to 60000, default 1000
`,
  options: { ...PLACE, wait: { type: 'string' } },
  words: [0, 0],
  async run(args, output) {
    const waitMs = args.integer('wait', 10, 60_000) ?? 1000;
    const target = await findTarget(args);
    const { space } = await target.openSide();
    try {
      const survey = await surveyPeers(space, target.layout, waitMs);
      await output.table(survey.peers, {
        PID: ({ pid }) => pid,
        HOST: ({ host }) => shownKey(host),
        VERSION: ({ version }) => shownKey(version),
        STATE: ({ state }) => shownKey(state),
        BEHIND: ({ behind }) => behind,
        HITS: ({ hits }) => hits,
        MISSES: ({ misses }) => misses,
        RATE: ({ hitRate }) => `${(100 * hitRate).toFixed(1)} %`,
        LAG: ({ lag }) => lag,
        AGE: ({ age }) => age,
      });
      if (survey.peers.length === 0) output.note('Nobody answered.');
      if (survey.silent > 0) output.note(`${survey.silent} more heard the question and did not answer.`);
      return DONE;
    } finally {
      await space.close();
    }
  },
};

/** Partitions whose positions are compared. */
const MAX_COMPARED = 256;

/** Asks who has a namespace open, and compares with what the store had when they were asked. */
export async function surveyPeers(
  space: Space,
  { partitions }: Layout,
  waitMs: number,
  deadline: () => Deadline = inTime,
): Promise<PeerSurvey> {
  const ids = Array.from({ length: Math.min(partitions, MAX_COMPARED) }, (_, id) => id);
  const calls = await Promise.all(ids.map(async (id) => (await space.position(id, deadline())).seq));
  const { answers, heard = 0 } = (await space.askPeers?.(performance.now() + waitMs)) ?? { answers: [] };
  const behind = ({ positions }: DictPeer): number =>
    positions.reduce((sum, [id, applied]) => sum + Math.max(0, (calls[id] ?? 0) - applied), 0);
  const rows = peersIn(answers).map((peer) => ({ ...peer, behind: behind(peer) }));
  return { peers: rows, silent: Math.max(0, heard - answers.length) };
}
