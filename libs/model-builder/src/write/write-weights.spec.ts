import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel } from '../build-model.js';
import { writeTinyGguf } from '../testing/index.js';
describe('x', () => {
  it('works', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcli-w-'));
    await writeTinyGguf(join(folder, 'a.gguf'));
    const s = performance.now();
    await buildModel({ source: join(folder, 'a.gguf'), directory: join(folder, 'b'), threads: 2, calibration: () => [[1, 2, 3]] });
    console.log(performance.now() - s);
    await rm(folder, { recursive: true });
  });
});
