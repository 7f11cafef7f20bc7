import type { GenerateRequest, GenerationEvent, InferenceBackend } from '../contract.js';

/** The parts of a test runner that the contract needs. Jest's, Vitest's and Jasmine's fit. */
export interface ContractTestRunner {
  readonly it: (title: string, test: () => Promise<void>) => void;
  readonly expect: (actual: unknown) => ContractExpectation;
}

export interface ContractExpectation {
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
}

export interface BackendContractOptions {
  /**
   * Asks for an answer of some ten or more tokens, whose text has at least 8 characters.
   * @default a user message with the numbers from one to twelve in words
   */
  readonly prompt?: GenerateRequest['prompt'] | undefined;
}

/**
 * What every `InferenceBackend` must do, as tests. `createBackend` makes a new backend for each test, ready to
 * answer, with at least one model; the contract closes it.
 */
export function backendContract(
  { it, expect }: ContractTestRunner,
  createBackend: () => InferenceBackend | Promise<InferenceBackend>,
  options: BackendContractOptions = {},
): void {
  const { prompt = defaultPrompt } = options;

  /** A test with a backend of its own, closed whatever happens. */
  const test = (title: string, run: (backend: InferenceBackend, request: GenerateRequest) => Promise<void>): void =>
    it(title, async () => {
      const backend = await createBackend();
      try {
        const [card] = await backend.models();
        await run(backend, { model: card?.id ?? 'missing', prompt, sampling: { temperature: 0 }, maxTokens: 16 });
      } finally {
        await backend.close();
      }
    });

  test('names its models', async (backend) => {
    const cards = await backend.models();
    expect(cards.length > 0).toBe(true);
    expect(new Set(cards.map(({ id }) => id)).size).toBe(cards.length);
    for (const { contextLength, created } of cards) {
      expect(Number.isInteger(contextLength) && contextLength > 0).toBe(true);
      expect(Number.isInteger(created)).toBe(true);
    }
  });

  test('yields one start, then text, then one end', async (backend, request) => {
    const events = await collect(backend, request);
    const types = events.map(({ type }) => type);
    expect(types[0]).toBe('start');
    expect(types.at(-1)).toBe('end');
    expect(new Set(types.slice(1, -1))).toEqual(new Set(['text-delta']));
    expect(events.every((event) => event.type !== 'text-delta' || event.text !== '')).toBe(true);
    expect(events[0]?.type === 'start' && events[0].model).toBe(request.model);
  });

  test('counts what it read and wrote', async (backend, request) => {
    const events = await collect(backend, request);
    const [start, end] = [events[0], endOf(events)];
    expect(start?.type === 'start' && start.promptTokens).toBe(end.usage.promptTokens);
    expect(end.usage.promptTokens > 0).toBe(true);
    expect(end.usage.completionTokens > 0 && end.usage.completionTokens <= 16).toBe(true);
    expect(end.usage.cachedTokens >= 0 && end.usage.cachedTokens < end.usage.promptTokens).toBe(true);
  });

  test('writes at most maxTokens, and says so', async (backend, request) => {
    const end = endOf(await collect(backend, { ...request, maxTokens: 2 }));
    expect(end.reason).toBe('length');
    expect(end.usage.completionTokens).toBe(2);
  });

  test('ends before a stop text', async (backend, request) => {
    const whole = textOf(await collect(backend, request));
    const stop = whole.slice(3, 6);
    const events = await collect(backend, { ...request, stop: ['\u0000never', stop] });
    expect(textOf(events)).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(endOf(events).reason).toBe('stop');
  });

  test('refuses a model that it does not have', async (backend, request) => {
    const error = await failureOf(collect(backend, { ...request, model: 'no/such-model' }));
    expect(codeOf(error)).toBe('model_not_found');
  });

  test('does not start when the signal is aborted already', async (backend, request) => {
    const reason = new Error('too late');
    expect(await failureOf(collect(backend, { ...request, signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  test('throws the reason of a signal that is aborted in the middle', async (backend, request) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const events: GenerationEvent[] = [];
    const reading = (async () => {
      for await (const event of backend.generate({ ...request, signal: controller.signal })) {
        events.push(event);
        if (event.type === 'text-delta') controller.abort(reason);
      }
    })();
    expect(await failureOf(reading)).toBe(reason);
    expect(events.some(({ type }) => type === 'end')).toBe(false);
    expect(textOf(await collect(backend, request)) !== '').toBe(true);
  });

  test('goes on after a reader left early', async (backend, request) => {
    const whole = textOf(await collect(backend, request));
    for await (const event of backend.generate(request)) if (event.type === 'text-delta') break;
    expect(textOf(await collect(backend, request))).toBe(whole);
  });

  test('serves two at once, each its own text', async (backend, request) => {
    const alone = textOf(await collect(backend, request));
    const [first, second] = await Promise.all([
      collect(backend, request),
      collect(backend, { ...request, maxTokens: 3 }),
    ]);
    expect(textOf(first)).toBe(alone);
    expect(alone.startsWith(textOf(second))).toBe(true);
    expect(endOf(second).usage.completionTokens).toBe(3);
  });

  test('finishes what runs when it is closed, and refuses what comes later', async (backend, request) => {
    const whole = textOf(await collect(backend, request));
    const events: GenerationEvent[] = [];
    let closing: Promise<void> | undefined;
    for await (const event of backend.generate(request)) {
      events.push(event);
      closing ??= backend.close();
    }
    await closing;
    expect(textOf(events)).toBe(whole);
    expect(codeOf(await failureOf(collect(backend, request)))).toBe('closed');
  });
}

const defaultPrompt: GenerateRequest['prompt'] = [
  { role: 'user', content: 'one two three four five six seven eight nine ten eleven twelve' },
];

async function collect(backend: InferenceBackend, request: GenerateRequest): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of backend.generate(request)) events.push(event);
  return events;
}

function textOf(events: readonly GenerationEvent[]): string {
  return events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
}

function endOf(events: readonly GenerationEvent[]): Extract<GenerationEvent, { type: 'end' }> {
  const end = events.at(-1);
  if (end?.type !== 'end') throw new Error(`The last event is ${end?.type ?? 'missing'}, not end.`);
  return end;
}

/** What a promise rejects with. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It should have failed.');
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
}
