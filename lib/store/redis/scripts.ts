import { createHash } from 'node:crypto';
import { TTL_MARK } from '../position.ts';
import type { Layout } from '../store.ts';
import { LOG_CALLS, LOGGED_KEYS, TRIM_INTERVAL } from './changeLog.ts';
import { ENVELOPE_HEAD, SET_INLINE_HEAD } from './envelope.ts';

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

/** Reads the position, and makes the one that follows of the number `nonce`. */
const READ_POSITION = `
local before, seq = redis.call('GET', KEYS[1]), 1
if before then
  if #before ~= 12 then return redis.error_reply('NDCORRUPT the position key does not hold a position') end
  seq = struct.unpack('>I6', before) + 1
  if string.byte(before, 7) > 127 and nonce < ${TTL_MARK} then nonce = nonce + ${TTL_MARK} end
else
  before = string.rep('\\0', 12)
end
local after = struct.pack('>I6I6', seq, nonce)
`;

/** Puts `item` on the change log, in the place of whatever else stands there. */
const WRITE_LOG = `
if type(redis.pcall('LPUSH', KEYS[2], item)) == 'table' then
  redis.call('DEL', KEYS[2])
  redis.call('LPUSH', KEYS[2], item)
end
if seq % ${TRIM_INTERVAL} == 0 then redis.call('LTRIM', KEYS[2], 0, ${LOG_CALLS - 1}) end
`;

/**
 * Sets one key, and nothing else: most calls of an application. A third of the server's time less than `writeScripts` in
 * a pipeline, and the client sends the value once, as the only binary argument.
 *
 * - KEYS: position, change log, key to set.
 * - ARGV: update channel, nonce and origin as numbers, value.
 * - Returns the new position.
 */
export const setScripts: Readonly<Record<Publish, Script>> = {
  PUBLISH: setting('PUBLISH'),
  SPUBLISH: setting('SPUBLISH'),
};

function setting(publish: Publish): Script {
  return script(`
local channel, nonce, value, name = ARGV[1], tonumber(ARGV[2]), ARGV[4], KEYS[3]
${READ_POSITION}
redis.call('MSET', KEYS[1], after, name, value)
local key = string.sub(name, #channel - ${'update'.length - 1})
local keyed = struct.pack('>I2', #key) .. key
local item = after .. '${luaBytes(LOGGED_KEYS)}' .. keyed
${WRITE_LOG}
local head = struct.pack('>I6', ARGV[3]) .. '${luaBytes(SET_INLINE_HEAD)}'
local inlined = struct.pack('>I2', #value) .. value
redis.call('${publish}', channel, '${luaBytes(ENVELOPE_HEAD)}' .. before .. after .. head .. keyed .. inlined)
return after
`);
}

/**
 * Applies a batch, if its conditions hold.
 *
 * The position moves first: if anything fails later, the missing message shows as a gap, and the log does not hide it.
 * The ticket is written behind the data, so a batch that failed half way does not count as applied.
 *
 * - KEYS: position, change log, keys to delete, keys to set, keys of the conditions; where nothing is set, a key that
 *   does not exist; where there is a ticket, the key of its holder.
 * - ARGV: numbers of keys to delete, to set and of conditions, announcement, channel, number of the ticket or nothing,
 *   versions (nothing: missing), packs of values to set, and, if any key has one, a time to live (or nothing) for each.
 *   The announcement: nonce (6), length (6) of the item of the log behind the position, that item, and the envelope
 *   behind the two positions. The nonce tells whether there are times to live. A pack: number of values (2), then the
 *   length (4) and the bytes of each.
 * - Returns `APPLIED`, the new position and, for each deleted key, whether it was there; `REFUSED`, the position, and for
 *   each conflict its condition's index, the stored bytes and the time to live; `REPEATED` and the position made before.
 */
export const writeScripts: Readonly<Record<Publish, Script>> = {
  PUBLISH: writing('PUBLISH'),
  SPUBLISH: writing('SPUBLISH'),
};

function writing(publish: Publish): Script {
  return script(`
local KEYS, ARGV = KEYS, ARGV
local deletes, sets, conditions = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local announcement, ticket = ARGV[4], ARGV[6]
local nonce = struct.unpack('>I6', announcement)
local hasTtls = nonce >= ${TTL_MARK}
${READ_POSITION}
if ticket ~= '' then
  local last = redis.call('GET', KEYS[#KEYS])
  if last and tonumber(ticket) <= struct.unpack('>I6', last) then
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
redis.call('SET', KEYS[1], after)
local reply = { ${APPLIED}, after }
for i = 1, deletes do reply[i + 2] = redis.call('DEL', KEYS[i + 2]) end
local pack, key, ttls = 6 + conditions, 2 + deletes, #ARGV - sets
while key < 2 + deletes + sets do
  pack = pack + 1
  local count = struct.unpack('>I2', ARGV[pack])
  local values = { struct.unpack('>' .. string.rep('I4c0', count), ARGV[pack], 3) }
  if hasTtls then
    for i = 1, count do
      local ttl = ARGV[ttls + key - 2 - deletes + i]
      if ttl == '' then
        redis.call('SET', KEYS[key + i], values[i])
      else
        redis.call('SET', KEYS[key + i], values[i], 'PX', ttl)
      end
    end
  elseif count == 1 then
    redis.call('SET', KEYS[key + 1], values[1])
  else
    local pairs = {}
    for i = 1, count do pairs[2 * i - 1], pairs[2 * i] = KEYS[key + i], values[i] end
    redis.call('MSET', unpack(pairs, 1, 2 * count))
  end
  key = key + count
end
if ticket ~= '' then redis.call('SET', KEYS[#KEYS], struct.pack('>I6', ticket) .. after, 'PX', ${TICKET_TTL_MS}) end
local tail = 13 + struct.unpack('>I6', announcement, 7)
local item = after .. string.sub(announcement, 13, tail - 1)
${WRITE_LOG}
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
