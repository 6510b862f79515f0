/** What a look at a server or a namespace has found. */
export interface Finding {
  readonly check: string;
  /** `warn`: it works, and may not for ever or not for everybody. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do. */
  readonly advice?: string;
}
