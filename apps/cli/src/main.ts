import { guardOutput } from './print.js';
import { run } from './run.js';

guardOutput();
process.exitCode = await run(process.argv.slice(2));
