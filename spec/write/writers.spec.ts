import { memoryStore } from 'neardict';
import { writerContract } from '../contracts/writerContract.ts';

writerContract('go through to memory', memoryStore);
writerContract('are kept back from memory', memoryStore, { write: 'back' });
