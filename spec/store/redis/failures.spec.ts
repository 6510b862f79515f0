import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from 'neardict';
import {
  ambiguous,
  isNotApplied,
  isPassing,
  isRefusal,
  isRefused,
  noAnswer,
  unavailable,
} from '../../../lib/store/redis/failures.ts';

class ClientClosedError extends Error {}
class ClientOfflineError extends Error {}
class AbortError extends Error {}
class DisconnectsClientError extends Error {}
class SocketClosedUnexpectedlyError extends Error {}
class TimeoutError extends Error {}

/** What Redis 6 makes of an error that came up inside a script. */
const wrapped = (message: string): string =>
  `ERR Error running script (call to f_4a2267357833227dd98abdedb8cf24b15a986445): @user_script:17: @user_script: 17: -${message}`;

describe('a write', () => {
  it.each([
    "READONLY You can't write against a read only replica. script: ab, on @user_script:10.",
    wrapped("READONLY You can't write against a read only replica."),
    'MOVED 1234 127.0.0.1:7000',
    'ASK 1234 127.0.0.1:7000',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'CLUSTERDOWN The cluster is down',
    'LOADING Redis is loading the dataset in memory',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    'NOSCRIPT No matching script. Please use EVAL.',
    "OOM command not allowed when used memory > 'maxmemory'. script: ab, on @user_script:12.",
    wrapped("OOM command not allowed when used memory > 'maxmemory'."),
    'NOREPLICAS Not enough good replicas to write.',
    'MISCONF Redis is configured to save RDB snapshots',
    'NOAUTH Authentication required.',
    "NOPERM this user has no permissions to run the 'evalsha' command",
    "NOPERM this user has no permissions to run the 'script|load' command",
    'WRONGPASS invalid username-password pair or user is disabled.',
    'WRONGTYPE Operation against a key holding the wrong kind of value script: ab, on @user_script:2.',
    'NDCORRUPT the position key does not hold a position',
    'The queue is full',
  ])('that failed with %j was not applied', (message) => {
    expect(isNotApplied(new Error(message))).toBe(true);
  });

  it.each([
    new ClientClosedError('The client is closed'),
    new ClientOfflineError('The client is offline'),
    new AbortError('The command was aborted'),
  ])('that failed with %p was not applied', (error) => {
    expect(isNotApplied(error)).toBe(true);
  });

  it.each([
    new SocketClosedUnexpectedlyError('Socket closed unexpectedly'),
    new DisconnectsClientError('Disconnects client'),
    new TimeoutError('Timeout'),
    new Error('read ECONNRESET'),
    new Error('ERR Error running script (call to f_ab): @user_script:20: too many results to unpack'),
    new Error('NOPERM User nd has no permissions to access one of the channels. script: ab, on @user_script:30.'),
    new Error(wrapped('NOPERM this user has no permissions to access one of the channels used as arguments')),
    new Error('ERR The user executing the script can not run this command or subcommand'),
    new Error('READONLYISH is no code'),
    new Error('something about OOM in the middle'),
    new TypeError('a bug of a client'),
    'text',
  ])('that failed with %p has an unknown outcome', (error) => {
    expect(isNotApplied(error)).toBe(false);
  });
});

it.each(['LOADING Redis is loading', 'BUSY Redis is busy', 'MASTERDOWN Link', 'TRYAGAIN keys', 'CLUSTERDOWN state'])(
  'what passes by itself is known: %s',
  (message) => {
    expect(isPassing(new Error(message))).toBe(true);
  },
);

it.each(['OOM command not allowed', 'READONLY You', 'NOPERM this user', 'Socket closed unexpectedly', 'MISCONF Redis'])(
  'what does not pass by itself is known: %s',
  (message) => {
    expect(isPassing(new Error(message))).toBe(false);
  },
);

it.each([
  'WRONGPASS invalid',
  'NOAUTH Authentication',
  'NOPERM this user',
  'ERR invalid password',
  'ERR AUTH <password>',
])('a refusal of credentials or rights is known: %s', (message) => {
  expect(isRefusal(new Error(message))).toBe(true);
});

it.each([
  [new UnavailableError('x', { cause: new Error('NOPERM this user') }), true],
  [new UnavailableError('x', { cause: new Error('WRONGTYPE Operation') }), true],
  [new UnavailableError('x', { cause: new Error('LOADING Redis is loading') }), false],
  [new UnavailableError('x', { cause: new Error('Socket closed unexpectedly') }), false],
  [new UnavailableError('x'), false],
  [new Error('NOPERM this user'), false],
])('what a server refuses for good, as its caller is told, is known: %p', (error, isIt) => {
  expect(isRefused(error)).toBe(isIt);
});

describe('an error for the user', () => {
  it.each([
    [Object.assign(new Error('connect ECONNREFUSED ada.example:1'), { code: 'ECONNREFUSED' }), ' (ECONNREFUSED)'],
    [new UnavailableError('x', { cause: Object.assign(new Error('y'), { code: 'ENOTFOUND' }) }), ' (ENOTFOUND)'],
  ])('says by what code no connection came about, and not where: %p', (cause, reason) => {
    const error = noAnswer(cause);

    expect(error).toMatchObject({ code: 'ERR_NEARDICT_CONNECT_TIMEOUT', cause });
    expect(error.message).toBe(`Redis did not answer${reason}. Check that it runs and can be reached.`);
  });

  it.each([
    [new Error('Connection timeout'), ''],
    [undefined, ''],
    [Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), ' (ECONNRESET)'],
  ])('thinks of TLS where one side may speak it, and the other not: %p', (cause, reason) => {
    const { message } = noAnswer(cause, ' in time');

    expect(message).toMatch(/^Redis did not answer in time/);
    expect(message).toContain(`${reason}. Check that it runs and can be reached, and that the URL says rediss://`);
  });

  it('says what a server has said that let no connection in', () => {
    const cause = new Error('ERR DB index is out of range');

    expect(noAnswer(cause)).toMatchObject({
      message: 'Redis let no connection in: ERR DB index is out of range.',
      cause,
    });
  });

  it.each([
    ['OOM command not allowed', 'takes deletes only'],
    ["READONLY You can't write", 'connect the client to the primary'],
    ['NOPERM this user', 'Rights in Redis'],
    ["ERR The user executing the script can't run this command", 'Rights in Redis'],
    ['WRONGTYPE Operation against a key', 'Names in Redis'],
    ['WRONGPASS invalid', 'user and password'],
    ['MISCONF Redis is configured', 'fails to save'],
    ['NOREPLICAS Not enough', 'min-replicas-to-write'],
    ['BUSY Redis is busy', 'script runs'],
  ])('says what Redis said and what to do: %s', (message, advice) => {
    const cause = new Error(message);
    const error = unavailable(cause);

    expect(error).toMatchObject({ code: 'ERR_NEARDICT_UNAVAILABLE', cause });
    expect(error.message).toContain(`${message}. `);
    expect(error.message).toContain(advice);
  });

  it('of a write with an unknown outcome says how to find out', () => {
    const cause = new Error('read ECONNRESET');
    const error = ambiguous(cause);

    expect(error).toMatchObject({ code: 'ERR_NEARDICT_AMBIGUOUS_WRITE', cause });
    expect(error.message).toMatch(/read ECONNRESET\. Read the key with \{ fresh: true \}/);
  });

  it('says whether the store is full', () => {
    expect(unavailable(new Error('OOM command not allowed'))).toMatchObject({ isFull: true });
    expect(unavailable(new Error('BUSY Redis is busy'))).toMatchObject({ isFull: false });
  });
});
