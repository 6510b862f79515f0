export { type FakeClock, fakeClock } from './testing/clock.ts';
export { type ContractCase, storeContract } from './testing/contract/storeContract.ts';
export type { ContractFaults } from './testing/contract/storeUnderTest.ts';
export { leakCheck } from './testing/leakCheck.ts';
export type { CallKind, Fault, Hold } from './testing/store/faults.ts';
export { type TestStore, testStore } from './testing/store/testStore.ts';
export { until } from './testing/until.ts';
