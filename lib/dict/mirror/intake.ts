import type { Values } from '../../codec/values.ts';
import type { Content } from '../../coherence/copyChange.ts';
import type { KeySchemas } from '../../schema/keySchemas.ts';
import { isSame } from './changeRecord.ts';
import { Refused } from './contents.ts';
import { Packed } from './packed.ts';

/** Makes of what comes from elsewhere what readers can share, if it fits its schema. */
export class Intake {
  readonly #values: Values;
  readonly #schemas: KeySchemas;

  constructor(values: Values, schemas: KeySchemas) {
    this.#values = values;
    this.#schemas = schemas;
  }

  /** What the store holds. */
  decode(key: string, bytes: Uint8Array): Content {
    return this.#check(key, () => this.#values.decodeGuarded(key, bytes));
  }

  /** The same, which is decoded when it is first read, if nothing can be wrong with it. */
  pack(key: string, bytes: Uint8Array): Content {
    const isFit = this.#schemas.isFree(key) && this.#values.isSound(bytes);
    return isFit ? new Packed(key, bytes, this.#values) : this.decode(key, bytes);
  }

  /** What was kept in a file or an object. */
  take(key: string, value: unknown): Content {
    return this.#check(key, () => this.#values.guardedCopy(key, value));
  }

  #check(key: string, read: () => unknown): Content {
    try {
      const value = read();
      const checked = this.#schemas.checkStored(key, value);
      return isSame(checked, value) ? value : this.#values.guardedOf(key, checked);
    } catch (error) {
      return new Refused(error as Error);
    }
  }
}
