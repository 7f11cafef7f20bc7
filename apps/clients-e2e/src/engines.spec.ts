import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeCorruptGguf, writeTinyGguf } from '@mcli/llama-cpp/testing';
import OpenAI, { APIError } from 'openai';
import { RunningMcli, cleanEnvironment, mcli, temporaryHome } from './testing/mcli.js';

const program = resolve(import.meta.dirname, '../../cli/bin/mcli.js');
const home = temporaryHome();
const file = (name: string) => join(home.path, `${name}.gguf`);
/** One thread each: several engines and tests share the processor here. */
const openai = ['--openai-compatible', '--threads', '1'];
const messages = [{ role: 'user' as const, content: 'hello the world' }];

beforeAll(async () => {
  await writeTinyGguf(file('llama'), 'llama');
  await writeTinyGguf(file('qwen3'), 'qwen3');
  await writeTinyGguf(file('gemma3'), 'gemma3');
  await writeCorruptGguf(file('breaks'), 'decode');
  await writeCorruptGguf(file('aborts'), 'load');
});

const started: RunningMcli[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

afterAll(() => home.remove());

/** A server that ends with its test. Each has a home of its own. */
async function start(args: readonly string[], more: Record<string, string> = {}): Promise<RunningMcli> {
  const server = await RunningMcli.start(mkdtempSync(join(home.path, 'home-')), args, more);
  started.push(server);
  return server;
}

/** Waits until the log has this line of a model's engine so many times. @throws after 60 s */
async function untilLogged(server: RunningMcli, message: string, model: string, times: number): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 20) {
    const lines = server.log.filter((line) => line['message'] === message && line['model'] === model);
    if (lines.length >= times) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`'${message}' of ${model} was not logged ${times} times.\n${server.stderr}`);
}

function clientOf(server: RunningMcli): OpenAI {
  return new OpenAI({ baseURL: server.baseUrl, apiKey: server.firstKey, maxRetries: 0 });
}

/** What the server's log says of a model's engine. */
function reportOf(server: RunningMcli, model: string) {
  const line = server.log.find((each) => each['message'] === 'engine report' && each['model'] === model);
  return line?.['report'] as Record<string, unknown> | undefined;
}

describe('A GGUF file', () => {
  it('of any architecture runs on llama.cpp, and everything that tells of it says so', async () => {
    const server = await start([...openai, '--model', file('qwen3'), '--model', file('gemma3')]);
    const client = clientOf(server);
    const models = (await client.models.list()).data;
    expect(models).toMatchObject([
      { id: 'qwen3', engine: 'llama.cpp', status: 'ready' },
      { id: 'gemma3', engine: 'llama.cpp', status: 'ready' },
    ]);
    expect(server.stdout).toMatch(/Engine +llama\.cpp \d\S+, on the CPU \(a GGUF file\)\n/);
    expect(reportOf(server, 'gemma3')).toMatchObject({
      engine: 'llama.cpp',
      reason: 'a GGUF file',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      package: expect.stringMatching(/^@node-llama-cpp\//),
      gpu_layers: 0,
      gpus: [],
      slots: 8,
      context: 256,
      kv_cache_mb: expect.any(Number),
    });

    for (const { id: model } of models) {
      const request = { model, messages, temperature: 0, max_tokens: 12 };
      const { choices, usage } = await client.chat.completions.create(request);
      expect(choices[0]?.message.content).not.toBe('');
      expect(choices[0]?.finish_reason).toMatch(/length|stop/);
      let streamed = '';
      let last: OpenAI.ChatCompletionChunk | undefined;
      const stream_options = { include_usage: true };
      for await (const chunk of await client.chat.completions.create({ ...request, stream: true, stream_options })) {
        streamed += chunk.choices[0]?.delta.content ?? '';
        last = chunk;
      }
      expect(streamed).not.toBe('');
      const { prompt_tokens: read = 0, completion_tokens: written } = usage ?? {};
      expect(written).toBeGreaterThan(0);
      const cached = { prompt_tokens_details: { cached_tokens: read - 1 } };
      expect(last?.usage).toMatchObject({ prompt_tokens: read, ...cached });
    }
    expect(server.stderr).not.toMatch(/llama_|ggml_/); // Its own log is silent.
    expect(await server.stop()).toBe(0);
  }, 120_000);

  it('runs on ONNX Runtime when that is asked for', async () => {
    const server = await start([...openai, '--engine', 'onnx', '--model', file('llama')]);
    const client = clientOf(server);
    expect((await client.models.list()).data).toMatchObject([{ id: 'llama', engine: 'onnx' }]);
    expect(server.stdout).toMatch(/Engine +ONNX Runtime \d+\.\d+\.\d+, on the CPU \(--engine onnx\)/);
    expect(reportOf(server, 'llama')).toMatchObject({ engine: 'onnx', package: 'onnxruntime-node' });
    const { choices } = await client.chat.completions.create({ model: 'llama', messages, max_tokens: 5 });
    expect(choices[0]?.finish_reason).toMatch(/stop|length/);
    expect(await server.stop()).toBe(0);
  }, 120_000);

  it('lets what the library says into the log when that is asked for, and says that there is no GPU', async () => {
    const more = { MCLI_ENGINE_LOG: '1', MCLI_GPU_LAYERS: '2' };
    const server = await start(['--threads', '1', '--model', file('qwen3')], more);
    const library = server.log.filter(({ level }) => level === 'debug');
    expect(library.length).toBeGreaterThan(10);
    expect(library.every(({ model }) => model === 'qwen3')).toBe(true);
    if (reportOf(server, 'qwen3')?.['gpu_layers'] === 0) {
      const warning = expect.stringMatching(/--gpu-layers 2: no GPU was found/);
      expect(server.log).toContainEqual(expect.objectContaining({ level: 'warn', message: warning }));
    }
    await server.stop();
  }, 120_000);
});

describe('The embedded model', () => {
  it('answers on llama.cpp too', async () => {
    const server = await start([...openai, '--engine', 'llama.cpp']);
    const client = clientOf(server);
    const [card] = (await client.models.list()).data;
    expect(card).toMatchObject({ id: 'smollm2-135m-instruct', engine: 'llama.cpp' });
    const content = 'What is the capital of France? Answer with one word.';
    const { choices } = await client.chat.completions.create({
      model: 'smollm2-135m-instruct',
      messages: [{ role: 'user', content }],
      temperature: 0,
    });
    expect(choices[0]?.message.content).toContain('Paris');
    expect(await server.stop()).toBe(0);
  }, 120_000);
});

describe('An abort inside the library while it computes', () => {
  it('is a 500 for that request and a restart with back-off; server and other models go on', async () => {
    const server = await start([...openai, '--model', file('breaks'), '--model', file('qwen3')]);
    const client = clientOf(server);
    const ask = (model: string) => client.chat.completions.create({ model, messages, max_tokens: 3 });
    for (let crash = 1; crash <= 3; crash++) {
      expect(await failure(ask('breaks'))).toMatchObject({ status: 500, code: 'engine_failed', type: 'server_error' });
      await untilLogged(server, 'engine exited', 'breaks', crash);
      expect((await fetch(`${server.origin}/livez`)).status).toBe(200);
      const refused = await failure(ask('breaks'));
      // A request that comes after the restart breaks the engine once more.
      if (refused.status === 500) {
        await untilLogged(server, 'engine exited', 'breaks', crash + 1);
        break;
      }
      expect(refused).toMatchObject({ status: 503, code: 'loading' });
      const seconds = Number(refused.headers?.get('retry-after'));
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(60);

      expect((await ask('qwen3')).choices[0]?.finish_reason).toBe('length');
      await untilLogged(server, 'engine ready', 'breaks', crash + 1);
      expect((await fetch(`${server.origin}/health`)).status).toBe(200);
    }
    const exits = server.log.filter(({ message }) => message === 'engine exited');
    expect(exits[0]).toMatchObject({ model: 'breaks', signal: 'SIGABRT', failed_generations: 1, restart_in_ms: 250 });
    const delays = exits.map((exit) => Number(exit['restart_in_ms']));
    expect(delays.slice(1)).toEqual(delays.slice(0, -1).map((delay) => delay * 2));
    expect(delays.length).toBeGreaterThanOrEqual(2);
    expect(await server.stop()).toBe(0);
  }, 120_000);

  it('ends a stream with the same error', async () => {
    const server = await start([...openai, '--model', file('breaks')]);
    const request = { model: 'breaks', messages, stream: true } as const;
    const read = async () => {
      for await (const { choices } of await clientOf(server).chat.completions.create(request))
        expect(choices[0]?.delta.content ?? '').toBe('');
    };
    expect((await failure(read())).code).toBe('engine_failed');
    expect(await server.stop()).toBe(0);
  }, 120_000);
});

describe('A server that is told to stop', () => {
  it('lets llama.cpp write an answer to its end', async () => {
    const server = await start([...openai, '--model', file('qwen3')]);
    const request = { model: 'qwen3', messages, max_tokens: 100, stream: true } as const;
    let stopped: Promise<number | null> | undefined;
    let reason: string | null | undefined;
    for await (const { choices } of await clientOf(server).chat.completions.create(request)) {
      stopped ??= server.stop();
      reason = choices[0]?.finish_reason ?? reason;
    }
    expect(reason).toMatch(/stop|length/);
    expect(await stopped).toBe(0);
  }, 120_000);
});

describe('A client that hangs up', () => {
  it('ends the reading of its long prompt: the only slot is soon free', async () => {
    await writeTinyGguf(file('long'), 'llama', { contextLength: 8192, layers: 4, feedForwardSize: 4096 });
    const server = await start([...openai, '--slots', '1', '--model', file('long')]);
    const client = clientOf(server);
    const ask = (content: string, signal?: AbortSignal) =>
      client.chat.completions.create(
        { model: 'long', messages: [{ role: 'user', content }], max_tokens: 1 },
        signal ? { signal } : {},
      );
    const promptOf = (letter: string) => letter.repeat(4000);
    const whole = await timeOf(() => ask(promptOf('x')));

    const leaving = new AbortController();
    const left = failure(ask(promptOf('y'), leaving.signal));
    await new Promise((done) => setTimeout(done, whole / 10));
    leaving.abort();
    const after = await timeOf(() => ask('z'));
    await left;
    expect(after).toBeLessThan(whole / 2);
    await server.untilOutput(/"cancelled":true/);
    await server.stop();
  }, 120_000);
});

describe('mcli model start', () => {
  it('ends at once when it is told to while a model loads, and so does the engine', async () => {
    for (const delay of [0, 50, 150, 400]) {
      const fresh = temporaryHome();
      const args = ['model', 'start', '--port', '0', '--engine', 'llama.cpp', '--log-format', 'json'];
      const server = spawn(process.execPath, [program, ...args], {
        env: cleanEnvironment(fresh.path),
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const closed = once(server, 'close'); // Comes when the engine has let go of stderr, too.
      await once(server.stderr, 'data');
      await new Promise((done) => setTimeout(done, delay));
      server.kill('SIGTERM');
      expect(await closed).toEqual([0, null]);
      fresh.remove();
    }
  }, 120_000);

  it.each<[string, () => readonly string[], number, RegExp]>([
    [
      'a file that llama.cpp finds cut off',
      () => {
        writeFileSync(file('cut'), readFileSync(file('qwen3')));
        truncateSync(file('cut'), 300_000);
        return ['--model', file('cut')];
      },
      1,
      /^mcli: cut\.gguf: .*not within the file bounds/,
    ],
    [
      'an architecture that no engine knows',
      () => {
        const bytes = readFileSync(file('qwen3'));
        bytes.write('qwxn3', bytes.indexOf('qwen3'));
        writeFileSync(file('strange'), bytes);
        return ['--model', file('strange')];
      },
      1,
      /^mcli: strange\.gguf: .+; llama\.cpp can't read it either \(strange\.gguf: unknown model architecture: 'qwxn3'\)/,
    ],
    ['a file on which the library aborts', () => ['--model', file('aborts')], 1, /^mcli: 'aborts' can't be loaded\./],
    [
      'an architecture that the engine which was asked for does not know',
      () => ['--engine', 'onnx', '--model', file('gemma3')],
      1,
      /^mcli: gemma3\.gguf: models of the kind 'gemma3' are not supported/,
    ],
    ['no engine', () => ['--engine', 'vllm'], 2, /^mcli: --engine takes auto, onnx or llama\.cpp/],
    ['layers that are no number', () => ['--gpu-layers', 'all'], 2, /^mcli: --gpu-layers takes a whole number/],
    ['GPUs for ONNX Runtime', () => ['--engine', 'onnx', '--gpu-layers', '3'], 2, /^mcli: --gpu-layers is for llama/],
    ['drafts and none', () => ['--drafts', '--no-drafts'], 2, /^mcli: --drafts and --no-drafts contradict/],
  ])(
    'says in one line what is wrong with %s',
    async (_title, args, exitCode, message) => {
      const fresh = temporaryHome();
      const { code, stderr, stdout } = await mcli(fresh.path, ['model', 'start', '--port', '0', ...args()]);
      const lines = stderr.split('\n').filter((line) => line.startsWith('mcli: '));
      expect({ code, lines }).toEqual({ code: exitCode, lines: [expect.stringMatching(message)] });
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(stdout).not.toContain('Listening');
      fresh.remove();
    },
    120_000,
  );
});

describe('mcli engine list', () => {
  it('prints one JSON object with what loads here', async () => {
    const { code, stdout } = await mcli(home.path, ['engine', 'list', '--json']);
    expect(code).toBe(0);
    const list = JSON.parse(stdout) as { data: { devices: object[] }[] };
    expect(list).toMatchObject({
      object: 'list',
      data: [
        { id: 'onnx', title: 'ONNX Runtime', reason: null, package: 'onnxruntime-node' },
        { id: 'llama.cpp', title: 'llama.cpp', reason: null },
      ],
    });
    for (const { devices } of list.data) {
      const cpu = { kind: 'cpu', memory_free_mb: expect.any(Number), memory_total_mb: expect.any(Number) };
      expect(devices).toContainEqual(expect.objectContaining(cpu));
    }
  }, 60_000);

  it('shows a person the same, with how to add a GPU', async () => {
    const { stdout } = await mcli(home.path, ['engine', 'list']);
    expect(stdout).toMatch(/^ENGINE .*\nONNX Runtime .*\nllama\.cpp .*@node-llama-cpp\//);
    if (process.platform === 'linux' && process.arch === 'x64') {
      expect(stdout).toMatch(/To add a GPU: npm install @node-llama-cpp\/linux-x64-\w+@\d+\.\d+\.\d+/);
    }
  }, 60_000);
});

async function failure(promise: Promise<unknown>): Promise<APIError> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (error: unknown) => error as APIError,
  );
}

async function timeOf(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}
