import { types } from 'node:util';
import { usageError } from '../errors.ts';

type Shadow = Readonly<PropertyDescriptorMap>;

const dates = shadowOf(Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set')));
const maps = shadowOf(['set', 'delete', 'clear']);
const sets = shadowOf(['add', 'delete', 'clear']);

const shadowed = new WeakSet<object>();

/** Whether the object has shadowed mutators: they are no properties of its user. */
export function isShadowed(value: object): boolean {
  return shadowed.has(value);
}

/** Gives a Date, Map or Set, which freezing does not protect, methods of its own in place of those that would change it. */
export function shadowMutators(value: object): void {
  const shadow = shadowFor(value);
  if (shadow === undefined || !Object.isExtensible(value)) return;
  Object.defineProperties(value, shadow);
  shadowed.add(value);
}

function shadowFor(value: object): Shadow | undefined {
  if (types.isDate(value)) return dates;
  if (types.isMap(value)) return maps;
  return types.isSet(value) ? sets : undefined;
}

function shadowOf(methods: readonly string[]): Shadow {
  return Object.fromEntries(
    methods.map((method) => [
      method,
      {
        value: (): never => {
          throw usageError(`${method}() would change a value that all readers share. Change a copy, and assign it.`);
        },
      },
    ]),
  );
}
