import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** This folder. */
export const folder = resolve(here, '..');
/** The repository. */
export const root = resolve(folder, '..', '..');
/** What is made once: built models, llama.cpp's second form. Not committed. */
export const cache = join(folder, 'tmp');
/** `MCLI_HOME` of the servers that are measured; the bare programs use its builds too. */
export const home = join(cache, 'home');
export const builds = join(home, 'builds');
export const results = join(folder, 'results');
