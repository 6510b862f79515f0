import type { Fault } from './fault.ts';
import { networkFaults } from './networkFaults.ts';
import { processFaults } from './processFaults.ts';
import { serverFaults } from './serverFaults.ts';

/** All kinds by their names. */
export const faults: ReadonlyMap<string, Fault> = new Map([
  ...Object.entries(networkFaults),
  ...Object.entries(processFaults),
  ...Object.entries(serverFaults),
]);
