import { memoryStore } from 'neardict';
import { writerContract } from '../contracts/writerContract.ts';

writerContract('go through to memory', memoryStore);
