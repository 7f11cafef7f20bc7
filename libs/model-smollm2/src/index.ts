export { smollm2 } from './smollm2.js';
export type { EmbeddedModel } from './smollm2.js';
