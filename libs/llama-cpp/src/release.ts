/** The release of the `@node-llama-cpp/…` packages whose structures are in `native/structs.ts`. No other one is loaded. */
export const packageVersion = '3.22.1';

/** The npm scope of these packages. */
export const scope = '@node-llama-cpp';
