import type { Content, CopyChange, Loaded } from '../../coherence/copyChange.ts';
import { PROTO } from '../keys.ts';
import { Refused } from './contents.ts';
import { Table } from './table.ts';

/** What the first load brings, in the table that readers get: putting it there takes most of the time of a load. */
export class Draft implements Loaded {
  readonly table: Table = new Table();
  /** What a table can't tell. */
  readonly rest: Map<string, CopyChange> = new Map<string, CopyChange>();

  add(key: string, content: Content, expiresAt: number | undefined): void {
    const isPlain = expiresAt === undefined && content !== undefined && !(content instanceof Refused) && key !== PROTO;
    this.table.set(key, isPlain ? content : undefined);
    if (!isPlain) this.rest.set(key, { content, expiresAt });
    else if (this.rest.size > 0) this.rest.delete(key);
  }

  *[Symbol.iterator](): Generator<readonly [string, CopyChange], void, undefined> {
    for (const key of this.table.keys()) yield [key, { content: this.table.peek(key), expiresAt: undefined }];
    yield* this.rest;
  }
}
