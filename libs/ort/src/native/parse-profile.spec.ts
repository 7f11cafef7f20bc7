import { parseProfile } from './parse-profile.js';

const event = (cat: string, name: string, ts: number, more: object = {}) => ({
  cat,
  name,
  ts,
  dur: 1500,
  ph: 'X',
  args: { op_name: 'MatMul' },
  ...more,
});

it('takes the operators alone, in the order of time', () => {
  const profile = [
    event('Session', 'model_loading_uri', 1, { args: {} }),
    event('Node', 'second_kernel_time', 9000),
    event('Node', 'first_fence_before', 2000),
    event('Node', 'first_kernel_time', 2000, { args: { op_name: 'Add' } }),
    event('Node', 'unknown_kernel_time', 9500, { args: undefined }),
  ];

  expect(parseProfile(JSON.stringify(profile), 100)).toEqual([
    { operator: 'Add', node: 'first', atMs: 102, durationMs: 1.5 },
    { operator: 'MatMul', node: 'second', atMs: 109, durationMs: 1.5 },
    { operator: 'unknown', node: 'unknown', atMs: 109.5, durationMs: 1.5 },
  ]);
});

it('refuses half a profile', () => {
  expect(() => parseProfile('[{"cat":"Node"', 0)).toThrow(SyntaxError);
});
