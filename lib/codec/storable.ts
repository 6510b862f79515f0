import { types } from 'node:util';
import { CodecError } from '../errors.ts';
import { isPlainObject, MAX_DEPTH } from './plain.ts';
import { isShadowed } from './shadow.ts';

/** What a format can hold beside `null`, booleans, finite numbers, strings, dense arrays and plain objects. */
export interface FormatLimits {
  /** The format's name, for messages. */
  readonly format: string;
  readonly bigints: boolean;
  readonly dates: boolean;
  readonly binary: boolean;
  /** `NaN` and the infinities. */
  readonly nonFinite: boolean;
  /** `undefined` as an element or a property. */
  readonly undefinedInside: boolean;
}

/**
 * Throws for a value that the format would alter, lose or refuse with an error that names nothing.
 *
 * @throws {CodecError} It says what was found, where, and what to store instead. It never shows the value.
 */
export function assertStorable(value: unknown, limits: FormatLimits): void {
  if (value === undefined) throw new CodecError('undefined is not a value. Use delete to remove a key, or store null.');
  if (isThenable(value)) {
    throw new CodecError('A promise is not a value. Write `await` in front of what you assign.');
  }
  visit(value, limits, { keys: [], owners: [] });
}

function isThenable(value: unknown): boolean {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** The way down to a value: the keys taken, and the arrays and objects they were taken of. */
interface Path {
  readonly keys: (string | number)[];
  readonly owners: object[];
}

function visit(value: unknown, limits: FormatLimits, path: Path): void {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) refuse('a string with a lone surrogate', 'store it as binary', path);
      return;
    case 'number':
      checkNumber(value, limits, path);
      return;
    case 'boolean':
      return;
    case 'undefined':
      if (!limits.undefinedInside)
        refuse(`undefined, which ${limits.format} can't keep`, 'leave the property out', path);
      return;
    case 'bigint':
      checkBigint(value, limits, path);
      return;
    case 'object':
      if (value !== null) visitObject(value, limits, path);
      return;
    case 'function':
    case 'symbol':
      refuse(`a ${typeof value}`, 'store data only', path);
  }
}

function checkNumber(value: number, limits: FormatLimits, path: Path): void {
  if (Object.is(value, -0)) refuse('-0, which would come back as 0', 'store `value + 0`', path);
  if (!limits.nonFinite && !Number.isFinite(value)) {
    refuse(`${value}, which ${limits.format} can't keep`, 'store null or a string', path);
  }
}

function checkBigint(value: bigint, limits: FormatLimits, path: Path): void {
  if (!limits.bigints) refuse(`a bigint, which ${limits.format} can't keep`, 'store it as a string', path);
  if (value >= 2n ** 64n || value < -(2n ** 63n)) refuse('a bigint of more than 64 bits', 'store it as a string', path);
}

function visitObject(value: object, limits: FormatLimits, path: Path): void {
  if (path.keys.length >= MAX_DEPTH) refuseDepth(value, path);
  if (Array.isArray(value)) visitArray(value, limits, path);
  else if (isPlainObject(value)) visitProperties(value, limits, path);
  else checkLeafObject(value, limits, path);
}

function visitArray(value: readonly unknown[], limits: FormatLimits, path: Path): void {
  if (prototypeDepth(value) !== 2) refuse('an instance of a class derived from Array', 'store a plain array', path);
  const isOdd = Object.keys(value).length !== value.length || Object.getOwnPropertySymbols(value).length > 0;
  if (isOdd) refuse('a sparse array or one with named properties', 'fill the holes', path);
  path.owners.push(value);
  for (let index = 0; index < value.length; index++) {
    if (!(index in value)) refuse('a sparse array', 'fill the holes', path);
    path.keys.push(index);
    visit(value[index], limits, path);
    path.keys.pop();
  }
  path.owners.pop();
}

function visitProperties(value: object, limits: FormatLimits, path: Path): void {
  const keys = Object.keys(value);
  if (Reflect.ownKeys(value).length !== keys.length) {
    refuse('an object with symbols or hidden properties', 'store plain data', path);
  }
  path.owners.push(value);
  for (const key of keys) {
    path.keys.push(key);
    if (key === '__proto__') refuse('an own property named __proto__', 'choose another name', path);
    if (!key.isWellFormed()) refuse('a property name with a lone surrogate', 'choose another name', path);
    visit((value as Record<string, unknown>)[key], limits, path);
    path.keys.pop();
  }
  path.owners.pop();
}

function checkLeafObject(value: object, limits: FormatLimits, path: Path): void {
  if (limits.dates && types.isDate(value)) checkDate(value, path);
  else if (limits.binary && types.isUint8Array(value)) checkBinary(value, path);
  else refuseObject(value, limits, path);
}

function checkDate(value: Date, path: Path): void {
  const hasProperties = Reflect.ownKeys(value).length > 0 && !isShadowed(value);
  if (prototypeDepth(value) !== 2 || hasProperties || Number.isNaN(value.getTime())) {
    refuse('an invalid Date, or one of a derived class or with properties', 'store a valid Date', path);
  }
}

function checkBinary(value: Uint8Array, path: Path): void {
  if (Buffer.isBuffer(value)) {
    refuse('a Buffer, which would come back as a Uint8Array', 'store `new Uint8Array(buffer)`', path);
  }
  if (prototypeDepth(value) !== 3) {
    refuse('an instance of a class derived from Uint8Array', 'store a plain Uint8Array', path);
  }
}

function refuseObject(value: object, limits: FormatLimits, path: Path): never {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  const found = kind === 'Object' ? 'class instance' : kind;
  const article = /^[AEIO]/.test(found) ? 'an' : 'a';
  refuse(`${article} ${found}, which ${limits.format} can't keep`, hintFor(kind), path);
}

function hintFor(kind: string): string {
  switch (kind) {
    case 'Map':
      return 'store `Object.fromEntries(map)` or `[...map]`';
    case 'Set':
      return 'store `[...set]`';
    case 'Date':
      return 'store `date.toISOString()`';
    case 'Promise':
      return 'write `await` in front of it';
    case 'NearDict':
      return 'store `await handle.snapshot()`';
    default:
      return 'store plain data';
  }
}

function prototypeDepth(value: object): number {
  let depth = 0;
  for (let at: unknown = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) depth++;
  return depth;
}

function refuseDepth(value: object, path: Path): never {
  if (path.owners.includes(value)) {
    throw new CodecError('The value contains itself (a cycle). Store a tree of plain data.');
  }
  throw new CodecError(`The value has more than ${MAX_DEPTH} levels. Store a flatter value.`);
}

function refuse(found: string, remedy: string, path: Path): never {
  const steps = path.keys.map((key) => `[${JSON.stringify(key)}]`).join('');
  throw new CodecError(`The value${steps && ` at ${steps}`} is or holds ${found}: ${remedy}.`);
}
