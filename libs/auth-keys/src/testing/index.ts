export { aStoredKey } from './a-stored-key.js';
export { apiKeyStoreContract } from './api-key-store-contract.js';
export type { ContractOptions } from './api-key-store-contract.js';
export type { Expectation, TestTools } from './test-tools.js';
