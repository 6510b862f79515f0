import { types } from 'node:util';
import { usageError } from '../errors.ts';

type Shadow = Readonly<PropertyDescriptorMap>;

const dates = shadowOf(Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set')));
const maps = shadowOf(['set', 'delete', 'clear']);
const sets = shadowOf(['add', 'delete', 'clear']);

/** Gives a Date, Map or Set, which freezing does not protect, methods of its own in place of those that would change it. */
export function shadowMutators(value: object): void {
  if (types.isDate(value)) Object.defineProperties(value, dates);
  else if (types.isMap(value)) Object.defineProperties(value, maps);
  else if (types.isSet(value)) Object.defineProperties(value, sets);
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
