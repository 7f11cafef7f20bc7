export type { TinyArchitectureName, TinyVocabularyName } from './tiny-architecture.js';
export { tinyArchitectures } from './tiny-architecture.js';
export { writeCorruptGguf } from './write-corrupt-gguf.js';
export type { CorruptGgufFault } from './write-corrupt-gguf.js';
export { tinyGguf, writeTinyGguf } from './write-tiny-gguf.js';
export type { TinyFormat, TinyGgufOptions } from './write-tiny-gguf.js';
export { writeTinyAdapter } from './write-tiny-adapter.js';
export type { TinyAdapterOptions } from './write-tiny-adapter.js';
