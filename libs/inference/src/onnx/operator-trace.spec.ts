import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { buildModel } from '@mcli/model-builder';
import { writeTinyGguf } from '@mcli/model-builder/testing';
import type { Session } from '@mcli/ort';
import { Engine } from '../engine/engine.js';
import type { TraceEvent } from '../engine/trace.js';
import { loadOnnxRunner } from './load-onnx-runner.js';
import { OperatorTrace } from './operator-trace.js';

/** Both clocks are right to about a millisecond. */
const toleranceMs = 50;

describe('the operators of a trace', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcli-operators-'));
    const source = join(folder, 'tiny.gguf');
    await writeTinyGguf(source, {});
    const calibration = () => [Array.from({ length: 50 }, (_, at) => at)];
    await buildModel({ source, directory: join(folder, 'built'), calibration });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('lie within the passes, of the graph that reads and of the one that writes', async () => {
    const events: TraceEvent[] = [];
    const trace = { event: (event: TraceEvent) => void events.push(event) };
    const runner = await loadOnnxRunner({ id: 'tiny', directory: join(folder, 'built'), threads: 1, slots: 2, trace });
    const engine = new Engine(runner, { slots: 2, trace });
    const prompt = [3, 4, 5, 6];
    for await (const event of engine.generate({ model: 'tiny', prompt, maxTokens: 4 })) void event;
    await engine.close();

    const operators = events.filter(({ category }) => category === 'operator');
    const passes = events.filter(({ name }) => name === 'forward');
    expect(new Set(operators.map(({ name }) => name))).toContain('GroupQueryAttention');
    expect(operators.filter(({ node }) => node === 'blk.0.attention')).toHaveLength(passes.length);
    for (const { atMs, durationMs = 0 } of operators) {
      const isWithin = passes.some(
        (pass) =>
          atMs > pass.atMs - toleranceMs && atMs + durationMs < pass.atMs + (pass.durationMs ?? 0) + toleranceMs,
      );
      expect(isWithin).toBe(true);
    }
  });

  it('end after a bounded number of passes', async () => {
    let ended = 0;
    const operator = { operator: 'Add', node: 'sum', atMs: 1, durationMs: 2 };
    const session = { endProfile: async () => ((ended += 1), [operator]) } as unknown as Session;
    const events: TraceEvent[] = [];
    const operators = new OperatorTrace(session, { event: (event) => void events.push(event) });
    for (let pass = 0; pass < 19; pass++) await operators.passed();
    expect(ended).toBe(0);
    for (let pass = 0; pass < 9; pass++) await operators.passed();
    await operators.finish();

    expect(ended).toBe(1);
    expect(events).toEqual([{ type: 'slice', category: 'operator', name: 'Add', node: 'sum', atMs: 1, durationMs: 2 }]);
  });

  it('are left out with a warning when they are lost', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const session = { endProfile: () => Promise.reject(new Error('no file')) } as unknown as Session;
    await new OperatorTrace(session, { event: () => undefined }).finish();

    expect(warn).toHaveBeenCalledWith('The trace lacks operators: no file');
    warn.mockRestore();
  });
});
