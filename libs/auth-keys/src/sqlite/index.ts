export { SqliteApiKeyStore } from './sqlite-store.js';
