import type { NearDict } from 'neardict';

/** An interface and not an alias: it has no index signature, and must do as `T` all the same. */
export interface Settings {
  host: string;
  port: number;
  flag: boolean;
  note: string | null;
  list: readonly string[];
  proxy?: { url: string };
}

export declare const settings: NearDict<Settings>;
export declare const table: NearDict<Record<string, number>>;
