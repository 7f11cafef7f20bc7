export { aStoredKey } from './a-stored-key.js';
