import { createHash } from 'node:crypto';
import { LOG_CALLS, TRIM_INTERVAL } from './changeLog.ts';

/** A Lua script and the digest by which a server that has seen it runs it again. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/**
 * Applies a batch.
 *
 * The position moves first: if anything fails later, the missing message shows as a gap, and the log does not hide it.
 *
 * - KEYS: position, change log, keys to delete, keys to set, and, where nothing is set, a key that does not exist.
 * - ARGV: number of keys to delete, nonce, channel, envelope before and behind the two positions, item of the log behind
 *   the position, values to set.
 * - Returns the new position and, for each deleted key, whether it was there.
 */
export const writeScript: Script = script(`
local before = redis.call('GET', KEYS[1])
local seq = 1
if before then
  if #before ~= 12 then return redis.error_reply('NDCORRUPT the position key does not hold a position') end
  seq = struct.unpack('>I6', before) + 1
else
  before = string.rep('\\0', 12)
end
local deletes = tonumber(ARGV[1])
local sets = #ARGV - 6
if sets == 0 then redis.call('DEL', KEYS[#KEYS]) end
local after = struct.pack('>I6', seq) .. ARGV[2]
redis.call('SET', KEYS[1], after)
local reply = { after }
for i = 1, deletes do reply[i + 1] = redis.call('DEL', KEYS[i + 2]) end
if sets == 1 then
  redis.call('SET', KEYS[deletes + 3], ARGV[7])
elseif sets > 1 then
  local pairs = {}
  for i = 1, sets do
    pairs[2 * i - 1] = KEYS[deletes + 2 + i]
    pairs[2 * i] = ARGV[6 + i]
  end
  redis.call('MSET', unpack(pairs))
end
local item = after .. ARGV[6]
if type(redis.pcall('LPUSH', KEYS[2], item)) == 'table' then
  redis.call('DEL', KEYS[2])
  redis.call('LPUSH', KEYS[2], item)
end
if seq % ${TRIM_INTERVAL} == 0 then redis.call('LTRIM', KEYS[2], 0, ${LOG_CALLS - 1}) end
redis.call('PUBLISH', ARGV[3], ARGV[4] .. before .. after .. ARGV[5])
return reply
`);

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
