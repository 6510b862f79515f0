export { type ContractCase, storeContract } from './testing/contract/storeContract.ts';
export { until } from './testing/until.ts';
