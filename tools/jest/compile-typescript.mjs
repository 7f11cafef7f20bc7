// For `--import` of a process or a thread: what it imports may be TypeScript.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
