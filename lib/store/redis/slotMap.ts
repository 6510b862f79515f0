import { SLOTS } from './slots.ts';

/** Where a server can be reached, as the cluster says it: `host:port`. */
export type Address = string;

/** Another server than the one that was asked has the slot, or (`isOnce`) may have what this command names. */
export interface Redirection {
  readonly slot: number;
  readonly address: Address;
  readonly isOnce: boolean;
}

/** Which server is the master of which slot. */
export class SlotMap {
  #owners: (Address | undefined)[] = [];
  #masters: ReadonlySet<Address> = new Set();
  #servers: ReadonlySet<Address> = new Set();

  ownerOf(slot: number): Address | undefined {
    return this.#owners[slot];
  }

  /** A server has said that the slot is elsewhere. */
  move({ slot, address }: Redirection): void {
    this.#owners[slot] = address;
  }

  /** All masters of slots, as far as the last reply knew. */
  get masters(): ReadonlySet<Address> {
    return this.#masters;
  }

  /** These and their replicas. */
  get servers(): ReadonlySet<Address> {
    return this.#servers;
  }

  /** Whether every slot has a master. */
  get isComplete(): boolean {
    return this.#owners.length === SLOTS && !this.#owners.includes(undefined);
  }

  /**
   * Takes over a reply to CLUSTER SLOTS.
   *
   * @param asked - The server that replied: one that does not know its own name leaves it out.
   */
  learn(reply: unknown, asked: Address): void {
    const owners: (Address | undefined)[] = Array.from({ length: SLOTS });
    const servers = new Set<Address>();
    const masters = new Set<Address>();
    for (const [first, last, ...nodes] of reply as [
      number,
      number,
      ...[host: Uint8Array | string | null, port: number][],
    ][]) {
      const [master, ...replicas] = nodes.map(([host, port]) => addressOf(host, port, asked));
      if (master === undefined) continue;
      owners.fill(master, first, last + 1);
      masters.add(master);
      for (const address of [master, ...replicas]) servers.add(address);
    }
    this.#owners = owners;
    this.#masters = masters;
    this.#servers = servers;
  }
}

/** Reads an error reply that names another server. */
export function redirectionOf(error: unknown, asked: Address): Redirection | undefined {
  const message = error instanceof Error ? error.message : '';
  const [, code, slot, host, port] = /^(MOVED|ASK) (\d+) (.*):(\d+)$/.exec(message) ?? [];
  if (code === undefined) return undefined;
  return { slot: Number(slot), address: addressOf(host, Number(port), asked), isOnce: code === 'ASK' };
}

export function splitAddress(address: Address): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

function addressOf(host: Uint8Array | string | null | undefined, port: number, asked: Address): Address {
  const name = host === null || host === undefined ? '' : Buffer.from(host).toString();
  return `${name === '' || name === '?' ? splitAddress(asked).host : name}:${port}`;
}
