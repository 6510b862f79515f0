import { memoryStore } from 'neardict';
import { storeContract } from '../contracts/storeContract.ts';

storeContract('memoryStore', memoryStore);
