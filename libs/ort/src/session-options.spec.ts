import { availableParallelism } from 'node:os';
import { defaultThreads, resolveSessionOptions } from './session-options.js';

it('computes with at least one thread and at most one for each processor', () => {
  expect(defaultThreads()).toBeGreaterThanOrEqual(1);
  expect(defaultThreads()).toBeLessThanOrEqual(availableParallelism());
});

it('takes denormal numbers as zero and lets threads spin unless told otherwise', () => {
  expect(resolveSessionOptions({}).entries).toEqual({
    'session.set_denormal_as_zero': '1',
    'session.intra_op.allow_spinning': '1',
  });
  expect(resolveSessionOptions({ denormalsAsZero: false, spinning: false }).entries).toEqual({
    'session.set_denormal_as_zero': '0',
    'session.intra_op.allow_spinning': '0',
  });
});

it('prefers entries to options', () => {
  const { entries } = resolveSessionOptions({ spinning: true, entries: { 'session.intra_op.allow_spinning': '0' } });
  expect(entries['session.intra_op.allow_spinning']).toBe('0');
});

it.each([[0], [-1], [1.5], [5000]])('refuses %p threads', (threads) => {
  expect(() => resolveSessionOptions({ threads })).toThrow(/threads must be a whole number from 1 to 1024/);
});
