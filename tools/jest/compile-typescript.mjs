// Loaded into a thread with `--import`: what it imports may be TypeScript.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
