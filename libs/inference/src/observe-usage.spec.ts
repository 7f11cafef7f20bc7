import type { GenerateRequest } from './contract.js';
import { InferenceError } from './errors.js';
import { type GenerationReport, observeUsage } from './observe-usage.js';
import { echoBackend, type EchoBackendOptions } from './testing/index.js';

describe('observeUsage', () => {
  it('reports what a generation used, before its reader sees the end', async () => {
    const { backend, reports } = observed();
    for await (const event of backend.generate(request)) {
      expect(reports).toHaveLength(event.type === 'end' ? 1 : 0);
    }
    expect(reports).toEqual([
      {
        request,
        outcome: 'ended',
        reason: 'stop',
        usage: { promptTokens: 3, completionTokens: 3, cachedTokens: 0 },
        durationMs: expect.any(Number),
        firstTextMs: expect.any(Number),
      },
    ]);
  });

  it('reports a failure, with what was used until then', async () => {
    const error = new InferenceError('engine_failed', 'broken');
    const { backend, reports } = observed({
      beforeWord: (word) => {
        if (word === 2) throw error;
      },
    });
    await expect(drain(backend.generate(request))).rejects.toBe(error);
    expect(reports).toMatchObject([
      { outcome: 'failed', error, usage: { promptTokens: 3, completionTokens: 2, cachedTokens: 0 } },
    ]);
  });

  it('reports a refusal without usage', async () => {
    const { backend, reports } = observed();
    await expect(drain(backend.generate({ ...request, model: 'other' }))).rejects.toMatchObject({
      code: 'model_not_found',
    });
    expect(reports).toMatchObject([{ outcome: 'failed', error: { code: 'model_not_found' } }]);
    expect(reports[0]?.usage).toBeUndefined();
  });

  it('reports a cancelled generation once, by signal or by leaving', async () => {
    const { backend, reports } = observed();
    for await (const event of backend.generate(request)) if (event.type === 'text-delta') break;
    const controller = new AbortController();
    const reading = (async () => {
      for await (const event of backend.generate({ ...request, signal: controller.signal }))
        if (event.type === 'text-delta') controller.abort();
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(reports).toMatchObject([
      { outcome: 'cancelled', usage: { completionTokens: 1 } },
      { outcome: 'cancelled', usage: { completionTokens: 1 } },
    ]);
  });
});

const request: GenerateRequest = { model: 'echo', prompt: 'one two three' };

function observed(options: EchoBackendOptions = {}) {
  const reports: GenerationReport[] = [];
  const backend = observeUsage(echoBackend(options), (report) => reports.push(report));
  return { backend, reports };
}

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const event of events) void event;
}
