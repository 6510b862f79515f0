import { type Held, LateBlock } from '../lateBlock.ts';
import type { Block, Deadline, Snapshot } from '../store.ts';
import type { Connection } from './connection.ts';
import { isRefused } from './failures.ts';
import { decodeKey, type PartitionNames, scanPattern } from './names.ts';
import { decodeTtl, positionOf } from './replies.ts';
import { script } from './scripts.ts';
import { unpackNames, unpackStrings } from './packedStrings.ts';

/** Keys that the server looks at for a block: at most so many, which takes it one or two milliseconds. */
const MAX_COUNT = 1000;
const MIN_COUNT = 10;
/** For the first block, of which nobody knows how large values are. */
const FIRST_COUNT = 100;
/** What a block may hold: packing it holds up everybody else. */
const TARGET_BYTES = 256 * 1024;
/** Values that one MGET in a script takes: Lua's stack holds a few thousand. */
const MGET_NAMES = 1000;

/**
 * One step of a scan and what the names hold. Packed, because for a client two long strings are ten times quicker to read
 * than thousands of short ones.
 *
 * - KEYS: position. ARGV: cursor, pattern, count, `1` where times to live are known to be in use.
 * - Returns the next cursor, the position, the names packed as one array, their times to live as `PTTL` tells them, with
 *   spaces between, or nothing where none is in use; and the values, packed as an array for each `MGET_NAMES` names.
 */
const blockScript = script(`
local step = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local names = step[2]
local at = redis.call('MGET', KEYS[1])[1]
if #names == 0 then return { step[1], at, '', '' } end
local reply = { step[1], at, cmsgpack.pack(names), '' }
for first = 1, #names, ${MGET_NAMES} do
  local values = redis.call('MGET', unpack(names, first, math.min(#names, first + ${MGET_NAMES - 1})))
  reply[#reply + 1] = cmsgpack.pack(values)
end
if ARGV[4] == '1' or at and #at == 12 and string.byte(at, 7) > 127 then
  local ttls = {}
  for i = 1, #names do ttls[i] = redis.call('PTTL', names[i]) end
  reply[4] = table.concat(ttls, ' ')
end
return reply
`);

/** What a reader of blocks asks of its space. */
export interface BlockHost {
  /** Whether times to live are known to be in use. */
  hasTtls(): boolean;
  read(keys: readonly string[], deadline: Deadline): Promise<Snapshot>;
}

/** Reads the only partition of a namespace block after block. */
export class BlockReader {
  readonly #connection: Connection;
  readonly #namespace: string;
  readonly #names: PartitionNames;
  readonly #host: BlockHost;
  #count = FIRST_COUNT;
  /** Users who only read may not run scripts. */
  #mayRun = true;

  constructor(connection: Connection, namespace: string, names: PartitionNames, host: BlockHost) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#names = names;
    this.#host = host;
  }

  async read(prefix: string, cursor: string, deadline: Deadline): Promise<Block> {
    const from = cursor === '' ? '0' : cursor;
    if (!this.#mayRun) return this.#readByCommands(prefix, from, deadline);
    try {
      return await this.#readByScript(prefix, from, deadline);
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.#mayRun = false;
      return this.#readByCommands(prefix, from, deadline);
    }
  }

  async #readByScript(prefix: string, cursor: string, deadline: Deadline): Promise<Block> {
    const count = this.#count;
    const step = [cursor, this.#pattern(prefix), String(count), this.#host.hasTtls() ? '1' : ''];
    const reply = await this.#connection.ask(blockScript, ['1', this.#names.position, ...step], deadline);
    const [next, at, packedNames, pttls, ...packedValues] = reply as [
      Buffer,
      Buffer | null,
      Buffer,
      Buffer,
      ...Buffer[],
    ];
    this.#adapt(count, packedValues);
    return new LateBlock(positionOf(at), nextOf(next), () => {
      const values = packedValues.flatMap((some) => unpackStrings(some));
      const names = unpackNames(packedNames, this.#names.keyPrefix.length, decodeKey);
      return this.#entries(names, prefix, values, unpackTtls(pttls, values));
    });
  }

  /** In two steps: what was found may be gone when it is read. */
  async #readByCommands(prefix: string, cursor: string, deadline: Deadline): Promise<Block> {
    const step = ['SCAN', cursor, 'MATCH', this.#pattern(prefix), 'COUNT', String(MAX_COUNT)];
    const [next, names] = (await this.#connection.query(step, deadline)) as [Buffer, Buffer[]];
    const start = this.#names.keyPrefix.length;
    const found = names.map((name) => decodeKey(name, start));
    const { keys } = this.#entries(found, prefix, [], undefined);
    return { ...(await this.#host.read(keys, deadline)), keys, next: nextOf(next) };
  }

  #pattern(prefix: string): string {
    return scanPattern(this.#namespace, false, prefix);
  }

  /** Without what is no key. */
  #entries(
    all: readonly (string | undefined)[],
    prefix: string,
    values: readonly (Buffer | undefined)[],
    ttls: readonly (number | undefined)[] | undefined,
  ): Held {
    const isOurs = (key: string | undefined): key is string => key?.startsWith(prefix) === true;
    if (all.every(isOurs)) return { keys: all, values, ttls };
    const isAtOurs = (_: unknown, index: number): boolean => isOurs(all[index]);
    return { keys: all.filter(isOurs), values: values.filter(isAtOurs), ttls: ttls?.filter(isAtOurs) };
  }

  /** So many keys as fit, if the next values are as large as these; but no more than twice as many as before. */
  #adapt(count: number, values: readonly Buffer[]): void {
    const bytes = values.reduce((sum, { length }) => sum + length, 1);
    const fitting = Math.floor((count * TARGET_BYTES) / bytes);
    this.#count = Math.max(MIN_COUNT, Math.min(fitting, 2 * count, MAX_COUNT));
  }
}

function unpackTtls(
  pttls: Buffer,
  values: readonly (Buffer | undefined)[],
): readonly (number | undefined)[] | undefined {
  if (pttls.length === 0) return undefined;
  const each = pttls.toString('latin1').split(' ');
  return each.map((pttl, index) => values[index] && decodeTtl(Number(pttl)));
}

function nextOf(cursor: Buffer): string | undefined {
  return String(cursor) === '0' ? undefined : String(cursor);
}
