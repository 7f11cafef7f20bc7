import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { writeTinyGguf } from '@mcli/model-builder/testing';
import OpenAI from 'openai';
import { RunningMcli, mcli, temporaryHome } from './testing/mcli.js';

const openai = '--openai-compatible';

describe('mcli key', () => {
  const home = temporaryHome();
  afterAll(() => home.remove());

  it('makes a key that is shown once, lists it without its secret, and revokes it', async () => {
    const made = await mcli(home.path, ['key', 'create', '--name', 'aider', '--expires', '90d', '--json']);
    const key = JSON.parse(made.stdout) as { id: string; key: string; name: string; expires_at: number };
    expect(key).toMatchObject({ name: 'aider', type: 'inference', scopes: expect.any(Array) });
    expect(key.key).toMatch(/^mcli_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    expect(key.expires_at - Date.now() / 1000).toBeGreaterThan(89 * 86_400);

    const listed = await mcli(home.path, ['key', 'list', '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject({ object: 'list', data: [{ id: key.id, revoked_at: null }] });
    expect(listed.stdout).not.toContain(key.key.slice(-30));

    expect((await mcli(home.path, ['key', 'revoke', key.id, '--json'])).stdout.trim()).toBe(
      JSON.stringify({ id: key.id, revoked: true }),
    );
    expect((await mcli(home.path, ['key', 'list'])).stdout).toMatch(/aider +inference +revoked/);
    expect((await mcli(home.path, ['key', 'revoke', 'nothing'])).code).toBe(2);
  });

  it('exits with 78 when the state is of a newer version', async () => {
    const other = temporaryHome();
    await mcli(other.path, ['key', 'create']);
    const { default: Database } = await import('libsql');
    const database = new Database(join(other.path, 'mcli.db'));
    database.exec('UPDATE schema_versions SET version = 999');
    database.close();
    const { code, stderr } = await mcli(other.path, ['key', 'list']);
    expect(code).toBe(78);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    other.remove();
  });
});

describe('mcli model start', () => {
  const home = temporaryHome();
  const tiny = join(home.path, 'Tiny Llama.gguf');

  beforeAll(async () => {
    mkdirSync(home.path, { recursive: true });
    await writeTinyGguf(tiny, { seed: 2 });
  });

  afterAll(() => home.remove());

  it('serves two models, a key made meanwhile, and refuses a key revoked meanwhile', async () => {
    const second = join(home.path, 'second.gguf');
    await writeTinyGguf(second, { seed: 3 });
    const server = await RunningMcli.start(home.path, [openai, '--model', tiny, '--model', second, '--context', '128']);
    expect(server.stdout.match(/^Listening on /gm)).toHaveLength(1);
    const { key, id } = JSON.parse((await mcli(home.path, ['key', 'create', '--json'])).stdout) as Record<
      string,
      string
    >;
    const client = new OpenAI({ baseURL: server.baseUrl, apiKey: key ?? '', maxRetries: 0 });
    expect((await client.models.list()).data.map((model) => model.id)).toEqual(['tiny-llama', 'second']);
    for (const model of ['tiny-llama', 'second']) {
      const messages = [{ role: 'user' as const, content: 'hi' }];
      const { usage } = await client.chat.completions.create({ model, messages, max_tokens: 4 });
      expect(usage?.completion_tokens).toBeGreaterThan(0);
    }
    await mcli(home.path, ['key', 'revoke', id ?? '']);
    await new Promise((done) => setTimeout(done, 1000));
    await expect(client.models.list()).rejects.toMatchObject({ status: 401 });
    expect(await server.stop()).toBe(0);
  }, 120_000);

  it('is configured by the environment and by a file', async () => {
    writeFileSync(join(home.path, 'config.json'), JSON.stringify({ 'model-id': 'mine/own', context: 64 }));
    const server = await RunningMcli.start(home.path, [openai, '--model', tiny], {
      MCLI_API_KEY: 'a-key-from-the-environment',
    });
    const headers = { authorization: 'Bearer a-key-from-the-environment' };
    const list = (await (await fetch(`${server.baseUrl}/models`, { headers })).json()) as { data: unknown };
    expect(list.data).toMatchObject([{ id: 'mine/own', context_length: 64 }]);
    for (const id of ['mine/own', 'mine%2Fown']) {
      expect((await fetch(`${server.baseUrl}/models/${id}`, { headers })).status).toBe(200);
    }
    expect(server.stdout).not.toContain('a-key-from-the-environment');
    await server.stop();
    writeFileSync(join(home.path, 'config.json'), '{}');
  }, 120_000);

  it('is without --openai-compatible a basic server, without keys', async () => {
    const server = await RunningMcli.start(home.path, ['--model', tiny, '--context', '128']);
    const reply = await fetch(`${server.origin}/models/tiny-llama/generate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'hi', max_tokens: 4 }),
    });
    expect(await reply.json()).toMatchObject({ model: 'tiny-llama', usage: { completion_tokens: expect.any(Number) } });
    expect((await fetch(`${server.origin}/v1/models`)).status).toBe(404);
    await server.stop();
  }, 120_000);

  it('answers 503 while it loads, and drains a running stream when it is told to stop', async () => {
    const fresh = temporaryHome();
    const server = await RunningMcli.start(fresh.path, [openai]);
    const client = new OpenAI({ baseURL: server.baseUrl, apiKey: server.firstKey, maxRetries: 0 });
    const stream = await client.chat.completions.create({
      model: 'smollm2-135m-instruct',
      messages: [{ role: 'user', content: 'Write a story about the sea.' }],
      max_tokens: 60,
      stream: true,
    });
    let stopped: Promise<number | null> | undefined;
    let reason: string | null | undefined;
    for await (const chunk of stream) {
      stopped ??= server.stop();
      reason = chunk.choices[0]?.finish_reason ?? reason;
    }
    expect(reason).toMatch(/stop|length/);
    expect(await stopped).toBe(0);
    fresh.remove();
  }, 120_000);

  describe('says in one line what stands in the way, and leaves nothing behind:', () => {
    const file = (name: string) => join(home.path, name);

    it.each<[string, () => Promise<readonly string[]>, number, RegExp]>([
      ['a port in use', async () => [openai, '--port', String(await usedPort())], 1, /Port \d+ is in use/],
      ['no such file', async () => ['--model', './nothing.gguf'], 1, /There is no file/],
      [
        'a truncated file',
        async () => {
          copyFileSync(tiny, file('cut.gguf'));
          truncateSync(file('cut.gguf'), 9000);
          return ['--model', file('cut.gguf')];
        },
        1,
        /cut\.gguf/,
      ],
      [
        'no model file at all',
        async () => {
          writeFileSync(file('text.gguf'), 'this is text, not a model');
          return ['--model', file('text.gguf')];
        },
        1,
        /text\.gguf/,
      ],
      [
        'an unknown architecture',
        async () => {
          const bytes = readFileSync(tiny);
          bytes.write('lxxxa', bytes.indexOf('llama'));
          writeFileSync(file('strange.gguf'), bytes);
          return ['--model', file('strange.gguf')];
        },
        1,
        /lxxxa/,
      ],
      ['a public address without a key', async () => [openai, '--host', '0.0.0.0'], 2, /mcli key create/],
      ['a public address for the basic server', async () => ['--host', '0.0.0.0'], 2, /--openai-compatible/],
      ['a context that does not fit', async () => ['--model', tiny, '--context', '100000'], 2, /256/],
      [
        'an unknown stored key',
        async () => [openai, '--api-key', `mcli_${'a'.repeat(12)}_${'b'.repeat(49)}`],
        2,
        /no such key/,
      ],
    ])(
      '%s',
      async (_title, args, exitCode, message) => {
        const fresh = temporaryHome();
        const { code, stderr, stdout } = await mcli(fresh.path, ['model', 'start', ...(await args())]);
        const lines = stderr
          .trimEnd()
          .split('\n')
          .filter((line) => line.startsWith('mcli: '));
        expect({ code, lines }).toEqual({ code: exitCode, lines: [expect.stringMatching(message)] });
        expect(stderr).not.toMatch(/\n\s+at /);
        expect(stdout).not.toContain('Listening');
        const builds = join(fresh.path, 'builds');
        const left = existsSync(builds) ? readdirSync(builds) : [];
        expect(left.filter((name) => !existsSync(join(builds, name, 'manifest.json')))).toEqual([]);
        fresh.remove();
      },
      120_000,
    );

    it('a home that can not be written', async () => {
      writeFileSync(file('not-a-folder'), '');
      const { code, stderr } = await mcli(join(file('not-a-folder'), 'home'), [
        'model',
        'start',
        openai,
        '--port',
        '0',
      ]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/Set MCLI_HOME to a folder that can be/);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    });
  });
});

describe('mcli model list', () => {
  it('prints one JSON object', async () => {
    const home = temporaryHome();
    const { stdout } = await mcli(home.path, ['model', 'list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      object: 'list',
      data: [{ id: 'smollm2-135m-instruct', engine: 'onnx', engine_reason: 'the embedded model', built: false }],
    });
    const other = await mcli(home.path, ['model', 'list', '--json'], { MCLI_ENGINE: 'llama.cpp' });
    expect(JSON.parse(other.stdout)).toMatchObject({
      data: [{ engine: 'llama.cpp', engine_reason: '--engine llama.cpp' }],
    });
    home.remove();
  });
});

describe('The program', () => {
  it('leaves no process behind when it is killed', async () => {
    const home = temporaryHome();
    const server = await RunningMcli.start(home.path, [openai]);
    const engine = Number(server.log.find(({ message }) => message === 'engine ready')?.['pid']);
    expect(isAlive(engine)).toBe(true);
    server.kill();
    for (let waited = 0; waited < 10_000 && isAlive(engine); waited += 50)
      await new Promise((done) => setTimeout(done, 50));
    expect(isAlive(engine)).toBe(false);
    home.remove();
  }, 120_000);

  it('writes no telemetry', async () => {
    const home = temporaryHome();
    const server = await RunningMcli.start(home.path, [openai], { TMPDIR: home.path });
    await server.stop();
    const written = readdirSync(home.path, { recursive: true }).map(String);
    expect(written.filter((name) => /microsoft|onnxruntime|mat-debug/i.test(name))).toEqual([]);
    expect(written).toContain('mcli.db');
    home.remove();
  }, 120_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended but was not waited for yet counts as gone.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** A port that stays taken until the tests end. */
function usedPort(): Promise<number> {
  const server = createServer().unref();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}
