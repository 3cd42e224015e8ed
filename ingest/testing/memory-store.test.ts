import { describe } from 'vitest';
import { storeContract } from '../stores/contract.suite.ts';
import { MemoryData, MemoryStore } from './memory-store.ts';

describe('the store that tests use', () => {
  storeContract(async () => {
    const data = new MemoryData();
    return {
      create: () => new MemoryStore(data),
      async cutOff() {
        data.isAway = true;
        return async () => {
          data.isAway = false;
        };
      },
      async cleanUp() {},
    };
  });
});
