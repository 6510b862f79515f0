/** What a channel brings: an array, or null, is what the server itself says on the channel of invalidations. */
export type Payload = Buffer | readonly Buffer[] | null;

/** Hears a group of channels. */
export interface Subscription {
  readonly channels: readonly string[];
  /** All channels are confirmed: everything published from now on is heard, until `interrupted`. */
  live(): void;
  interrupted(): void;
  message(payload: Payload, channel: string): void;
  /** An attempt to connect or to subscribe failed; another one follows. */
  failed(error: unknown): void;
}
