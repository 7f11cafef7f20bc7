// The child of process-backend.spec.ts: an engine over a fake runner.
import { existsSync, mkdirSync, rmSync, unlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine, InferenceError, serveBackendProcess } from '../src/index.js';
import { FakeRunner } from '../src/testing/index.js';

serveBackendProcess(async ({ delayMs, startError, dieOnStart, dieOnceFile, halfMade, warning, buildMs }, hooks) => {
  hooks.progress({ step: 'loading' });
  if (warning) hooks.warn(warning);
  if (dieOnStart) process.kill(process.pid, 'SIGKILL');
  if (dieOnceFile && existsSync(dieOnceFile)) {
    unlinkSync(dieOnceFile);
    process.kill(process.pid, 'SIGKILL');
  }
  if (startError === 'inference') throw new InferenceError('model_not_found', 'No file.', { details: { model: 'x' } });
  if (startError) throw Object.assign(new RangeError(startError), { code: 'invalid_model' });
  if (halfMade) {
    await hooks.finishOrUndo(async (signal) => {
      mkdirSync(halfMade);
      hooks.progress({ step: 'half made' });
      await sleep(60_000, undefined, { signal }).catch(() => undefined);
      await sleep(50);
      rmSync(halfMade, { recursive: true });
      signal.throwIfAborted();
    });
  }
  if (buildMs) {
    hooks.progress({ step: 'building' });
    hooks.progress({ step: 'building', leftMs: 60_000 });
    await sleep(buildMs);
    hooks.progress({ step: 'building', leftMs: 0 });
  }
  hooks.report({ flags: process.execArgv, options: process.env.NODE_OPTIONS ?? '', own: process.env.OWN ?? '' });
  return new Engine(new FakeRunner({ delayMs, slots: 4 }), { queue: 2 });
});
