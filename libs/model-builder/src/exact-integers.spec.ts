import type { Runtime } from '@mcli/ort';
import { loadRuntime } from '@mcli/ort';
import { exactIntegers } from './exact-integers.js';

describe('exactIntegers', () => {
  it('finds out once, with the runtime that it is given', async () => {
    const runtime = await loadRuntime();
    let sessions = 0;
    const counting = new Proxy(runtime, {
      get: (target, name: keyof Runtime) => {
        if (name === 'createSession') sessions++;
        const value: unknown = target[name];
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const [first, other] = await Promise.all([exactIntegers(counting), exactIntegers(counting)]);
    const needed = sessions;
    expect(needed).toBeGreaterThan(0);
    expect([other, await exactIntegers(counting), await exactIntegers()]).toEqual([first, first, first]);
    expect(sessions).toBe(needed);
    await runtime.dispose();
  });
});
