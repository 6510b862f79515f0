/** What may happen next. */
export const actions = [
  'tick',
  'read',
  'readFresh',
  'readLastKnown',
  'write',
  'send',
  'execute',
  'answer',
  'hear',
  'connect',
  'subscribe',
  'replicate',
  'cutData',
  'cutFeed',
  'timeOut',
  'giveUp',
  'runLate',
  'lose',
  'duplicate',
  'unsubscribe',
  'foreign',
  'failOver',
  'failOverDeposed',
  'wipe',
] as const;

export type Action = (typeof actions)[number];

/** Which faults a history meets, and how often. */
export interface Profile {
  readonly name: string;
  /** Steps before everything becomes quiet. */
  readonly steps: number;
  /** How often an action is drawn, relative to the others. */
  readonly weights: Readonly<Record<Action, number>>;
  /** Percent of the scripts that fail in the middle. */
  readonly halfRun: number;
  /** Percent of the calls that the server answers with NOSCRIPT, so that the client has to send them again. */
  readonly unknownScript: number;
  /** Percent of the cut calls that are sent again. */
  readonly retry: number;
}

const usual: Record<Action, number> = {
  tick: 12,
  read: 26,
  readFresh: 4,
  readLastKnown: 0,
  write: 8,
  send: 14,
  execute: 26,
  answer: 26,
  hear: 22,
  connect: 10,
  subscribe: 10,
  replicate: 6,
  cutData: 0,
  cutFeed: 0,
  timeOut: 0,
  giveUp: 0,
  runLate: 0,
  lose: 0,
  duplicate: 0,
  unsubscribe: 0,
  foreign: 0,
  failOver: 0,
  failOverDeposed: 0,
  wipe: 0,
};

const base = { steps: 150, halfRun: 0, unknownScript: 3, retry: 0 };
const cuts = { cutData: 2, cutFeed: 2, timeOut: 1, giveUp: 1, runLate: 2 };

export type ProfileName =
  | 'races'
  | 'lateReplies'
  | 'lateFeed'
  | 'cuts'
  | 'lossy'
  | 'failover'
  | 'deposed'
  | 'halfRun'
  | 'retries'
  | 'outages'
  | 'storm';

/** The fault profiles; each name says what is added to races of two clients. */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  races: { ...base, name: 'races', weights: { ...usual, timeOut: 1, giveUp: 1, foreign: 1 } },
  lateReplies: {
    ...base,
    name: 'lateReplies',
    weights: { ...usual, answer: 12, hear: 32, readFresh: 8, lose: 3, cutFeed: 1, failOverDeposed: 1 },
  },
  lateFeed: {
    ...base,
    name: 'lateFeed',
    weights: { ...usual, tick: 4, hear: 10, readFresh: 12, write: 12, connect: 20, failOverDeposed: 2 },
  },
  cuts: { ...base, name: 'cuts', weights: { ...usual, ...cuts } },
  lossy: {
    ...base,
    name: 'lossy',
    weights: { ...usual, lose: 4, duplicate: 2, unsubscribe: 1, foreign: 1, cutFeed: 1 },
  },
  failover: { ...base, name: 'failover', weights: { ...usual, ...cuts, failOver: 1, wipe: 1 } },
  deposed: { ...base, name: 'deposed', weights: { ...usual, cutData: 1, failOverDeposed: 2, lose: 1 } },
  halfRun: { ...base, name: 'halfRun', halfRun: 20, weights: { ...usual, ...cuts } },
  retries: { ...base, name: 'retries', retry: 70, weights: { ...usual, ...cuts, cutData: 5, failOver: 1 } },
  outages: {
    ...base,
    name: 'outages',
    weights: {
      ...usual,
      ...cuts,
      readLastKnown: 12,
      connect: 5,
      subscribe: 5,
      lose: 1,
      foreign: 1,
      failOver: 1,
      failOverDeposed: 1,
    },
  },
  storm: {
    ...base,
    name: 'storm',
    halfRun: 5,
    retry: 30,
    weights: {
      ...usual,
      ...cuts,
      lose: 2,
      duplicate: 1,
      unsubscribe: 1,
      foreign: 1,
      failOver: 1,
      failOverDeposed: 1,
      wipe: 1,
    },
  },
};
