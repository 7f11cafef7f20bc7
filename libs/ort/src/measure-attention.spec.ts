import { useFlashAttention } from './flash-attention.js';
import { loadRuntime } from './load-runtime.js';
import { measureAttention } from './measure-attention.js';

describe('measureAttention', () => {
  it.each([true, false])(
    'runs attention of one layer, in tiles: %s; many positions take longer than few',
    async (tiles) => {
      useFlashAttention(tiles);
      const runtime = await loadRuntime();
      try {
        const shape = { heads: 4, kvHeads: 2, headSize: 32, threads: 1 };
        const few = await measureAttention(runtime, { ...shape, fresh: 4, past: 4 });
        const many = await measureAttention(runtime, { ...shape, fresh: 512, past: 1024 });
        expect(few).toBeGreaterThan(0);
        expect(many).toBeGreaterThan(few);
      } finally {
        await runtime.dispose();
      }
    },
  );
});
