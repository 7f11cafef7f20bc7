import { MemoryApiKeyStore } from './memory-store.js';
import { apiKeyStoreContract } from './testing/index.js';

describe('MemoryApiKeyStore', () => {
  apiKeyStoreContract({ it, expect }, async () => new MemoryApiKeyStore());
});
