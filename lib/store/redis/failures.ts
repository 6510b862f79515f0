import { AmbiguousWriteError, ConnectTimeoutError, NearDictError, UnavailableError } from '../../errors.ts';

/** Error replies after which a command, or a script that Redis has not let write, certainly had no effect. */
const NOT_APPLIED: ReadonlySet<string | undefined> = new Set([
  ...['READONLY', 'MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN', 'LOADING', 'MASTERDOWN', 'BUSY', 'NOSCRIPT', 'OOM'],
  ...['NOREPLICAS', 'MISCONF', 'NOAUTH', 'NOPERM', 'WRONGPASS', 'WRONGTYPE', 'NDCORRUPT'],
]);
/** Those that pass by themselves: a server that starts, runs a long script, has has lost its primary or moves slots. */
const PASSING: ReadonlySet<string | undefined> = new Set(['LOADING', 'BUSY', 'MASTERDOWN', 'TRYAGAIN', 'CLUSTERDOWN']);
/** Those that say who may do what. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['WRONGPASS', 'NOAUTH', 'NOPERM']);
/** Failures of the client before anything was sent. */
const NOT_SENT = new Set(['ClientClosedError', 'ClientOfflineError', 'AbortError']);

/** What one side meets that speaks TLS to another one that does not: silence, a reset, or bytes that make no sense. */
const MAYBE_TLS: ReadonlySet<string | undefined> = new Set([
  undefined,
  'ECONNRESET',
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
]);

const FOREIGN_KEY =
  'Something else uses a key of this namespace: delete it (the README says under "Names in Redis" what holds what).';

/** What was not sent, because there was no connection to its server. */
export class NotSentError extends Error {}

/** What was sent over a connection that was lost before the reply came. */
export class LostError extends Error {}

const ADVICE: Readonly<Record<string, string>> = {
  READONLY: 'The server has become a replica: connect the client to the primary.',
  OOM: 'The server has reached `maxmemory` and takes deletes only: delete something, or raise it.',
  WRONGTYPE: FOREIGN_KEY,
  NDCORRUPT: FOREIGN_KEY,
  NOPERM: 'The README says under "Rights in Redis" what a user must be allowed to do.',
  WRONGPASS: 'Check user and password.',
  NOAUTH: 'Check user and password.',
  MISCONF: 'The server takes no writes while it fails to save to disk: its log says why.',
  NOREPLICAS: 'The server takes no writes while it has too few replicas (`min-replicas-to-write`).',
  MOVED: 'The server is part of a cluster: pass a client made by createCluster(), or { rootNodes }.',
  TRYAGAIN: 'A slot of the cluster is being moved, and the keys of this command are on both servers.',
  BUSY: 'A script runs on the server for too long.',
};

/** How Redis 6 and 7.0 say inside a script what is NOPERM elsewhere. */
const UNNAMED_NOPERM = 'The user executing the script can';

/** The code of an error reply, also where Redis 6 wraps it because it came up inside a script. */
function codeOf(error: unknown): string | undefined {
  if (messageOf(error).includes(UNNAMED_NOPERM)) return 'NOPERM';
  return /^(?:ERR Error running script .*?: -?)?([A-Z]{2,})\b/.exec(messageOf(error))?.[1];
}

/** Whether a write that ended with this error certainly had no effect. */
export function isNotApplied(error: unknown): boolean {
  const message = messageOf(error);
  if (error instanceof NotSentError || message === 'The queue is full' || NOT_SENT.has(classOf(error))) return true;
  const code = codeOf(error);
  // A right that fails inside a script may do so after the script's first write.
  return NOT_APPLIED.has(code) && !(code === 'NOPERM' && /@user_script|executing the script/.test(message));
}

/** Whether the same command may succeed in a moment. */
export function isPassing(error: unknown): boolean {
  return error instanceof NotSentError || PASSING.has(codeOf(error));
}

/** Whether a server of a cluster can't do anything, because it does not see enough of the others. */
export function isClusterDown(error: unknown): boolean {
  return codeOf(error) === 'CLUSTERDOWN';
}

/** Whether a command names keys that are on two servers, while their slot moves. */
export function isSplit(error: unknown): boolean {
  return codeOf(error instanceof UnavailableError ? error.cause : error) === 'TRYAGAIN';
}

/** Whether the server has become a replica. */
export function isDemotion(error: unknown): boolean {
  return codeOf(error) === 'READONLY';
}

/** Whether the server does not know the script by its digest. */
export function isUnknownScript(error: unknown): boolean {
  return codeOf(error) === 'NOSCRIPT';
}

/** Whether the server refused credentials or a right, which trying again would not change. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.has(codeOf(error)) || /^ERR (?:invalid password|AUTH)/.test(messageOf(error));
}

/** Whether the server refused a command because the user may not do it. */
export function isForbidden(error: unknown): boolean {
  return codeOf(error) === 'NOPERM';
}

/** Whether a command failed, for its caller, because the user may not do it. */
export function isMissingRight(error: unknown): boolean {
  return error instanceof UnavailableError && isForbidden(error.cause);
}

/** Whether a command failed, for its caller, by an error reply to which trying again would make no difference. */
export function isRefused(error: unknown): boolean {
  const code = error instanceof UnavailableError ? codeOf(error.cause) : undefined;
  return code !== undefined && !PASSING.has(code);
}

/** Whether a command failed, for its caller, because a key holds something else. */
export function isWrongType(error: unknown): boolean {
  return error instanceof UnavailableError && codeOf(error.cause) === 'WRONGTYPE';
}

/** Says that there is no connection. `cause`: why, where that is known. */
export function disconnected(cause: unknown): UnavailableError {
  const reason = isRefusal(cause) ? 'it refuses the credentials' : 'the client has no connection';
  return new UnavailableError(`Redis can not be reached: ${reason}. The command was not sent.`, { cause });
}

/** Says that no connection came about in time. `cause`: what the last attempt met, where that is known. `limit`: which time. */
export function noAnswer(cause: unknown, limit: string = ''): ConnectTimeoutError {
  const code = systemCode(cause);
  if (code === undefined && codeOf(cause) !== undefined)
    return new ConnectTimeoutError(describe(`Redis let no connection in${limit}`, cause), { cause });
  const reason = code === undefined ? '' : ` (${code})`;
  const advice = MAYBE_TLS.has(code) ? ', and that the URL says rediss:// where it wants TLS, and only there' : '';
  const message = `Redis did not answer${limit}${reason}. Check that it runs and can be reached${advice}.`;
  return new ConnectTimeoutError(message, { cause });
}

/** Says that a command had no effect. */
export function unavailable(cause: unknown): NearDictError {
  if (cause instanceof NearDictError) return cause;
  return new UnavailableError(describe('Redis could not do it', cause), { cause, isFull: codeOf(cause) === 'OOM' });
}

/** Says that a write may have had an effect. */
export function ambiguous(cause: unknown): NearDictError {
  if (cause instanceof NearDictError) return cause;
  const message = describe('The write was sent to Redis and its outcome is unknown', cause);
  return new AmbiguousWriteError(`${message} Read the key with { fresh: true } before you repeat it.`, { cause });
}

function describe(what: string, cause: unknown): string {
  const advice = ADVICE[codeOf(cause) ?? ''];
  const reason = messageOf(cause).replace(/[.\s]*$/, '.');
  return advice === undefined ? `${what}: ${reason}` : `${what}: ${reason} ${advice}`;
}

/** What Node or OpenSSL calls it, such as `ECONNREFUSED`: it names neither host nor user. */
function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, cause } = error as NodeJS.ErrnoException;
  const isOwn = error instanceof NearDictError || typeof code !== 'string';
  return isOwn ? systemCode(cause) : code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function classOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : '';
}
