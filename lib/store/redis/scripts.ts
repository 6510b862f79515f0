import { createHash } from 'node:crypto';
import type { Layout } from '../store.ts';
import { LOG_CALLS, TRIM_INTERVAL } from './changeLog.ts';
import { ENVELOPE_HEAD } from './envelope.ts';

/** A Lua script and the digest by which a server that has seen it runs it again. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/** How messages are published: at any server, or at the one of their channel's slot. */
export type Publish = 'PUBLISH' | 'SPUBLISH';

export function publishIn({ messages }: Layout): Publish {
  return messages === 'sharded' ? 'SPUBLISH' : 'PUBLISH';
}

/** What the write script says of a batch. */
export const APPLIED = 0;
const REFUSED = 1;
export const REPEATED = 2;

/** How long a store remembers the last ticket of a holder. */
const TICKET_TTL_MS = 60 * 60 * 1000;
/** Pairs that one MSET takes: Lua's stack holds a few thousand values. */
const MSET_PAIRS = 1000;

/**
 * Applies a batch, if its conditions hold.
 *
 * The position moves first: if anything fails later, the missing message shows as a gap, and the log does not hide it.
 * The ticket is written behind the data, so a batch that failed half way does not count as applied.
 *
 * - KEYS: position, change log, keys to delete, keys to set, keys of the conditions; where nothing is set, a key that
 *   does not exist; where there is a ticket, the key of its holder.
 * - ARGV: numbers of keys to delete, to set and of conditions, announcement, channel, number of the ticket or nothing,
 *   versions (nothing: missing), values to set, and, if any key has one, a time to live (or nothing) for each. The
 *   announcement: nonce (6), length (6) of the item of the log behind the position, that item, and the envelope behind the
 *   two positions.
 * - Returns `APPLIED`, the new position and, for each deleted key, whether it was there; `REFUSED`, the position, and for
 *   each conflict its condition's index, the stored bytes and the time to live; `REPEATED` and the position made before.
 */
export const writeScripts: Readonly<Record<Publish, Script>> = {
  PUBLISH: writing('PUBLISH'),
  SPUBLISH: writing('SPUBLISH'),
};

function writing(publish: Publish): Script {
  return script(`
local deletes, sets, conditions = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local before = redis.call('GET', KEYS[1])
local announcement = ARGV[4]
local nonce, seq = string.sub(announcement, 1, 6), 1
if before then
  if #before ~= 12 then return redis.error_reply('NDCORRUPT the position key does not hold a position') end
  seq = struct.unpack('>I6', before) + 1
  if string.byte(before, 7) > 127 and string.byte(nonce) < 128 then
    nonce = string.char(string.byte(nonce) + 128) .. string.sub(nonce, 2)
  end
else
  before = string.rep('\\0', 12)
end
local ticket = ARGV[6]
if ticket ~= '' then
  local last = redis.call('GET', KEYS[#KEYS])
  if last and struct.unpack('>I6', ticket) <= struct.unpack('>I6', last) then
    return { ${REPEATED}, string.sub(last, 7) }
  end
end
if conditions > 0 then
  local refusal = { ${REFUSED}, before }
  for i = 1, conditions do
    local key = KEYS[2 + deletes + sets + i]
    local stored = redis.call('GET', key)
    if (stored and redis.sha1hex(stored) or '') ~= ARGV[6 + i] then
      local at = #refusal
      refusal[at + 1], refusal[at + 2], refusal[at + 3] = i - 1, stored, redis.call('PTTL', key)
    end
  end
  if #refusal > 2 then return refusal end
end
if sets == 0 then redis.call('DEL', KEYS[3 + deletes + conditions]) end
local after = struct.pack('>I6', seq) .. nonce
redis.call('SET', KEYS[1], after)
local reply = { ${APPLIED}, after }
for i = 1, deletes do reply[i + 2] = redis.call('DEL', KEYS[i + 2]) end
local values = 6 + conditions
if #ARGV > values + sets then
  for i = 1, sets do
    local ttl = ARGV[values + sets + i]
    if ttl == '' then
      redis.call('SET', KEYS[deletes + 2 + i], ARGV[values + i])
    else
      redis.call('SET', KEYS[deletes + 2 + i], ARGV[values + i], 'PX', ttl)
    end
  end
elseif sets == 1 then
  redis.call('SET', KEYS[deletes + 3], ARGV[values + 1])
else
  for first = 1, sets, ${MSET_PAIRS} do
    local pairs, count = {}, 0
    for i = first, math.min(sets, first + ${MSET_PAIRS - 1}) do
      pairs[count + 1], pairs[count + 2] = KEYS[deletes + 2 + i], ARGV[values + i]
      count = count + 2
    end
    redis.call('MSET', unpack(pairs, 1, count))
  end
end
if ticket ~= '' then redis.call('SET', KEYS[#KEYS], ticket .. after, 'PX', ${TICKET_TTL_MS}) end
local tail = 13 + struct.unpack('>I6', announcement, 7)
local item = after .. string.sub(announcement, 13, tail - 1)
if type(redis.pcall('LPUSH', KEYS[2], item)) == 'table' then
  redis.call('DEL', KEYS[2])
  redis.call('LPUSH', KEYS[2], item)
end
if seq % ${TRIM_INTERVAL} == 0 then redis.call('LTRIM', KEYS[2], 0, ${LOG_CALLS - 1}) end
redis.call('${publish}', ARGV[5], '${luaBytes(ENVELOPE_HEAD)}' .. before .. after .. string.sub(announcement, tail))
return reply
`);
}

function luaBytes(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\${byte}`).join('');
}

/** Makes a script of its source. */
export function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
