import { useFlashAttention } from './flash-attention.js';
import { loadRuntime } from './load-runtime.js';
import { measureAttention } from './measure-attention.js';

describe('measureAttention', () => {
  it.each([true, false])('runs attention of one layer, in tiles: %s', async (tiles) => {
    useFlashAttention(tiles);
    const runtime = await loadRuntime();
    try {
      const shape = { heads: 4, kvHeads: 2, headSize: 32, threads: 1 };
      for (const [fresh, past] of [
        [1, 0],
        [256, 512],
      ] as const) {
        const took = await measureAttention(runtime, { ...shape, fresh, past });
        expect(took).toBeGreaterThan(0);
        expect(Number.isFinite(took)).toBe(true);
      }
    } finally {
      await runtime.dispose();
    }
  });
});
