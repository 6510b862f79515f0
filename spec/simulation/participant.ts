import type { Client } from './client.ts';
import { Mirroring } from './mirroring.ts';
import { OwnWrites } from './ownWrites.ts';
import { Watching } from './watching.ts';

/** One handle with all that is done with it. */
export class Participant {
  readonly client: Client;
  readonly writes: OwnWrites;
  readonly watching: Watching;
  readonly mirroring: Mirroring;

  constructor(client: Client) {
    this.client = client;
    this.writes = new OwnWrites(client);
    this.watching = new Watching(client);
    this.mirroring = new Mirroring(client);
  }

  get isOpen(): boolean {
    return !this.client.isClosing;
  }
}
