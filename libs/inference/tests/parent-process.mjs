// A process that has an engine's process, and is killed by process-backend.spec.ts.
import { createProcessBackend } from '../src/index.js';

const backend = createProcessBackend({
  module: new URL('engine-process.mjs', import.meta.url),
  arguments: { halfMade: process.argv[2] },
  onEvent: (event) => event.value?.step === 'half made' && process.send(backend.pid),
  execArgv: process.execArgv,
});
await backend.ready();
process.on('message', async (content) => {
  let text = '';
  for await (const event of backend.generate({ model: 'fake', prompt: [{ role: 'user', content }] }))
    if (event.type === 'text-delta') text += event.text;
  process.send(text);
});
process.send(backend.pid);
