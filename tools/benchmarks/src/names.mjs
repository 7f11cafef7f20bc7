// What the command line names. Nothing of the workspace is loaded for it, which may not be built yet.

/** The model that comes with mcli. */
export const embeddedId = 'smollm2-135m-instruct';
/** The one with a billion parameters that the benchmark makes. */
export const billionId = 'llama-1b';
export const modelIds = [embeddedId, billionId];

/** Our engines, as `--engine` of `mcli model start` names them. */
export const engineNames = ['onnx', 'llama.cpp'];
