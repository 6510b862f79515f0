import { memoryStore } from 'neardict';
import { partitionsContract } from '../contracts/partitionsContract.ts';

partitionsContract('in memory', memoryStore);
