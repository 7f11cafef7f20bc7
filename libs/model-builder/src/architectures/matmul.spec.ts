import type { Runtime } from '@mcli/ort';
import { loadRuntime } from '@mcli/ort';
import { exactIntegers } from '../exact-integers.js';
import { multiplyExtremes } from '../testing/index.js';

describe('products of extreme values', () => {
  let runtime: Runtime;

  beforeAll(async () => {
    runtime = await loadRuntime();
  });

  afterAll(() => runtime.dispose());

  it.each(['block32', 'row', 'row-pair', 'constant', 'constant-pair', 'float32'] as const)(
    'are exact in the form %s',
    async (form) => {
      const { worst, rounds } = await multiplyExtremes(runtime, form, await exactIntegers());
      expect(worst).toBeLessThan(1e-5);
      if (form === 'float32') expect(rounds).toBe(false);
      if (form === 'row') expect(rounds).toBe(true);
    },
    60_000,
  );
});
