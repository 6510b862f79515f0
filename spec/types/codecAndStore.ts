import { type Codec, memoryStore, openDict, type Store, UnavailableError } from 'neardict';
import { expectTypeOf } from 'expect-type';

const codec: Codec = {
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown,
};
void openDict({ namespace: 'n', codec });
void openDict({ namespace: 'n', codec: 'json', values: 'clone' });
// @ts-expect-error -- bytes, not text
void openDict({ namespace: 'n', codec: { encode: (value: unknown) => JSON.stringify(value), decode: () => 1 } });

// A store can be wrapped without naming its parts.
expectTypeOf(memoryStore()).toEqualTypeOf<Store>();
export function failing(store: Store): Store {
  return {
    ...store,
    async open(...args) {
      const space = await store.open(...args);
      space.read = async () => {
        throw new UnavailableError('away');
      };
      return space;
    },
  };
}

// Errors are told apart by their code.
export function explain(error: unknown): string | undefined {
  if (!(error instanceof UnavailableError)) return undefined;
  const code: 'ERR_NEARDICT_UNAVAILABLE' = error.code;
  return `${code}: ${error.message}`;
}
