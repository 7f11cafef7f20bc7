export { encodeGguf, writeGguf } from './write-gguf.js';
export type { GgufContent, GgufEntry, GgufTensor, GgufValueType } from './write-gguf.js';
export { referenceLogits } from './reference-logits.js';
export { tinyModel } from './tiny-model.js';
export type { TinyModel, TinyModelOptions, TinyTensor } from './tiny-model.js';
export { tinyChatTemplate, tinyTokens } from './tiny-tokenizer.js';
export { tinyGguf, writeTinyGguf } from './write-tiny-gguf.js';
export type { TinyGgufOptions } from './write-tiny-gguf.js';
