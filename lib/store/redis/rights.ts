import { UnavailableError } from '../../errors.ts';
import type { Deadline } from '../store.ts';
import type { Connection } from './connection.ts';
import type { PartitionNames } from './names.ts';
import { type Publish, script } from './scripts.ts';

/**
 * Lists what the write script does and the user may not. Redis 6 can't tell, and lists nothing.
 *
 * - KEYS: position, change log. ARGV: the command that announces, the channels.
 */
const rightsScript = script(`
if not redis.acl_check_cmd then return {} end
local missing = {}
local function need(command, name, ...)
  if not redis.acl_check_cmd(command, name, ...) then missing[#missing + 1] = command .. ' ' .. name end
end
for _, command in ipairs({ 'GET', 'DEL', 'PTTL' }) do need(command, KEYS[1]) end
for _, command in ipairs({ 'SET', 'MSET' }) do need(command, KEYS[1], '') end
need('LPUSH', KEYS[2], '')
need('LTRIM', KEYS[2], '0', '0')
for i = 2, #ARGV do need(ARGV[1], ARGV[i], '') end
return missing
`);

/**
 * Makes sure that nothing is missing for a write. A right that is found missing in the middle of the write script leaves
 * half a write behind.
 *
 * It is no command by itself, so the server's ACL log stays empty.
 *
 * @throws {UnavailableError} It names what is missing.
 */
export async function assertMayWrite(
  connection: Connection,
  names: PartitionNames,
  publish: Publish,
  deadline: Deadline,
): Promise<void> {
  const { position, log, updateChannel, deleteChannel } = names;
  const reply = await connection.ask(
    rightsScript,
    ['2', position, log, publish, updateChannel, deleteChannel],
    deadline,
  );
  const missing = (reply as readonly Buffer[]).map(String);
  if (missing.length === 0) return;
  throw new UnavailableError(
    `The Redis user may not do what a write needs: ${missing.join(', ')}. Nothing was written. The README says under "Rights in Redis" what a user must be allowed to do.`,
  );
}
