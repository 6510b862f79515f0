import { describe, it } from '@jest/globals';
import type { Store } from 'neardict';
import { type ContractFaults, storeContract } from 'neardict/testing';

/** Runs the published contract of stores. */
export function itKeepsStoreContract(name: string, makeStore: () => Store, faults?: ContractFaults): void {
  describe(`${name} as a store`, () => {
    for (const { name: sentence, run } of storeContract(makeStore, faults)) it(sentence, run);
  });
}
