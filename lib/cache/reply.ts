import type { Entry } from './entry.ts';

/** What a read brought: the stored bytes (`undefined` is missing), and the same as an entry that readers share. */
export interface Reply {
  readonly bytes: Uint8Array | undefined;
  readonly entry: Entry;
  /** When the value expires, in monotonic milliseconds; infinite: it does not. */
  readonly expiresAt: number;
}
