import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mcliHome, readAskedEngine, readConfig } from './config.js';
import { StartError } from './start-error.js';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mcli-config-'));
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('readConfig', () => {
  it('takes flags before the environment, that before the file, and that before defaults', () => {
    file({ port: 1, queue: 1, slots: 1 });
    const environment = { MCLI_HOME: home, MCLI_PORT: '2', MCLI_QUEUE: '2' };
    expect(readConfig({ port: 3 }, environment)).toMatchObject({ port: 3, queue: 2, slots: 1, host: 'localhost' });
  });

  it('has the defaults that the documentation names', () => {
    expect(readConfig({}, { MCLI_HOME: home })).toMatchObject({
      openaiCompatible: false,
      models: [],
      host: 'localhost',
      port: 51_234,
      queue: 64,
      firstKey: true,
      loopGuard: true,
      drafts: undefined,
      engine: 'auto',
      gpuLayers: 'auto',
      engineLog: false,
      trace: undefined,
      bodyLimit: 20 * 1_048_576,
      strictParams: false,
      home,
    });
  });

  it('reads lists of names from repeated flags and from commas', () => {
    const flags = { 'allowed-host': ['a.example, b.example', 'c.example'] };
    expect(readConfig(flags, { MCLI_HOME: home }).allowedHosts).toEqual(['a.example', 'b.example', 'c.example']);
  });

  it('never splits a key or a path, wherever it is from', () => {
    const key = 'tree,house-river-mountain';
    const model = './Sally, 7B.gguf ';
    const expected = { apiKeys: [key], models: [model] };
    expect(readConfig({ 'api-key': [key], model: [model] }, { MCLI_HOME: home })).toMatchObject(expected);
    const environment = { MCLI_HOME: home, MCLI_API_KEY: `${key}\n`, MCLI_MODEL: model };
    expect(readConfig({}, environment)).toMatchObject(expected);
    file({ 'api-key': key, model });
    expect(readConfig({}, { MCLI_HOME: home })).toMatchObject(expected);
  });

  it('takes a key again from each repeated flag', () => {
    const config = readConfig({ 'api-key': ['first,of-mine', 'second'] }, { MCLI_HOME: home });
    expect(config.apiKeys).toEqual(['first,of-mine', 'second']);
  });

  it('leaves the address of a Kubernetes service that is called mcli alone', () => {
    const environment = { MCLI_HOME: home, MCLI_PORT: 'tcp://10.43.1.39:8000' };
    expect(readConfig({}, environment).port).toBe(51_234);
  });

  it.each(['TRUE', 'on', ' yes '])("reads '%s' as true", (value) => {
    expect(readConfig({}, { MCLI_HOME: home, MCLI_STRICT_PARAMS: value }).strictParams).toBe(true);
  });

  it('never splits a line of a key file', () => {
    const path = join(home, 'keys');
    writeFileSync(path, 'three,four\n');
    expect(readConfig({ 'api-key-file': path }, { MCLI_HOME: home }).apiKeys).toEqual(['three,four']);
  });

  it.each(['tcp://10.43.1.39:8000', 'udp://10.43.1.39:53'])('takes %s for no port: it names a service', (address) => {
    expect(readConfig({}, { MCLI_HOME: home, MCLI_PORT: address }).port).toBe(51_234);
  });

  it('reads rates and sizes', () => {
    const config = readConfig({ 'rate-limit': '5/h', 'body-limit': '2kb' }, { MCLI_HOME: home });
    expect(config).toMatchObject({ rateLimit: { limit: 5, windowMs: 3_600_000 }, bodyLimit: 2048 });
  });

  it('knows what speeds generations up and what looks at them, also from the environment', () => {
    const environment = { MCLI_HOME: home, MCLI_NO_DRAFTS: 'true', MCLI_TRACE: '/somewhere/trace.json' };
    expect(readConfig({}, environment)).toMatchObject({ drafts: false, trace: '/somewhere/trace.json' });
    expect(readConfig({ trace: 'here.json' }, environment).trace).toBe(join(process.cwd(), 'here.json'));
  });

  it('takes keys from a file, one a line, and skips comments', () => {
    const path = join(home, 'keys');
    writeFileSync(path, '# ours\nfirst-key-of-mine\n\n  second-key-of-mine\n');
    expect(readConfig({ 'api-key-file': path }, { MCLI_HOME: home }).apiKeys).toEqual([
      'first-key-of-mine',
      'second-key-of-mine',
    ]);
  });

  it.each([
    [{ port: 70_000 }, {}, /--port/],
    [{}, { MCLI_PORT: 'many' }, /MCLI_PORT/],
    [{ 'api-key': [' '] }, {}, /--api-key is empty/],
    [{ model: [''] }, {}, /--model is empty/],
    [{}, { MCLI_NO_DRAFTS: 'constructor' }, /MCLI_NO_DRAFTS takes true or false/],
    [{ engine: 'vllm' }, {}, /--engine takes auto, onnx or llama\.cpp/],
    [{ 'gpu-layers': 'all' }, {}, /--gpu-layers takes a whole number from 0 to 10000, or 'auto'/],
    [{}, { MCLI_GPU_LAYERS: '-1' }, /MCLI_GPU_LAYERS takes/],
    [{ engine: 'onnx', 'gpu-layers': '4' }, {}, /--gpu-layers is for llama\.cpp/],
    [{ drafts: true, 'no-drafts': true }, {}, /--drafts and --no-drafts contradict each other/],
    [{}, { MCLI_DRAFTS: '1', MCLI_NO_DRAFTS: '1' }, /MCLI_DRAFTS and MCLI_NO_DRAFTS contradict/],
    [{ 'rate-limit': 'often' }, {}, /--rate-limit.*10\/min/],
    [{ 'log-format': 'xml' }, {}, /--log-format/],
    [{ model: ['a', 'b'], 'model-id': 'x' }, {}, /--model-id names a single --model/],
    [{ 'api-key-file': '/nowhere/keys' }, {}, /--api-key-file/],
    [{ config: '/nowhere/config.json' }, {}, /There is no file/],
  ])('says what is wrong with %j %j', (flags, environment, message) => {
    const error = thrown(() => readConfig(flags, { MCLI_HOME: home, ...environment }));
    expect(error).toBeInstanceOf(StartError);
    expect(error).toMatchObject({ code: 'usage', exitCode: 2, message: expect.stringMatching(message) });
  });

  it.each([
    [{}, {}, {}, undefined],
    [{ drafts: true }, {}, {}, true],
    [{ 'no-drafts': true }, {}, {}, false],
    [{}, { MCLI_DRAFTS: '0' }, {}, false],
    [{}, {}, { 'no-drafts': false }, undefined],
    [{ drafts: true }, { MCLI_NO_DRAFTS: '1' }, {}, true],
    [{ 'no-drafts': true }, { MCLI_DRAFTS: '1' }, {}, false],
    [{}, { MCLI_DRAFTS: '1' }, { 'no-drafts': true }, true],
  ])('lets %j, %j and %j decide about drafts in this order', (flags, environment, content, drafts) => {
    file(content);
    expect(readConfig(flags, { MCLI_HOME: home, ...environment }).drafts).toBe(drafts);
  });

  it('takes engine and layers from everywhere', () => {
    const config = { engine: 'llama.cpp', gpuLayers: 12 };
    expect(readConfig({ engine: 'llama.cpp', 'gpu-layers': '12' }, { MCLI_HOME: home })).toMatchObject(config);
    expect(readConfig({}, { MCLI_HOME: home, MCLI_ENGINE: 'llama.cpp', MCLI_GPU_LAYERS: '12' })).toMatchObject(config);
    file({ engine: 'llama.cpp', 'gpu-layers': 12 });
    expect(readConfig({}, { MCLI_HOME: home })).toMatchObject(config);
    expect(readConfig({ 'gpu-layers': 'auto' }, { MCLI_HOME: home })).toMatchObject({ gpuLayers: 'auto' });
    expect(readAskedEngine({ MCLI_HOME: home })).toBe('llama.cpp');
    expect(readAskedEngine({ MCLI_HOME: home, MCLI_ENGINE: 'onnx' })).toBe('onnx');
  });

  it('suggests the entry that was meant', () => {
    file({ 'open-ai-compatible': true });
    expect(() => readConfig({}, { MCLI_HOME: home })).toThrow(
      /'open-ai-compatible' is not an option\. Did you mean 'openai-compatible'\?/,
    );
  });

  it('refuses a file that is not one JSON object', () => {
    writeFileSync(join(home, 'config.json'), '[1');
    expect(() => readConfig({}, { MCLI_HOME: home })).toThrow(/is not JSON/);
  });

  it('repeats no secret in an error', () => {
    const error = thrown(() => readConfig({ 'api-key': ['hunter2-hunter2'], port: -1 }, { MCLI_HOME: home }));
    expect(String(error)).not.toContain('hunter2');
  });

  function file(content: object): void {
    writeFileSync(join(home, 'config.json'), JSON.stringify(content));
  }
});

describe('mcliHome', () => {
  it('is MCLI_HOME, else a folder in the home folder', () => {
    expect(mcliHome({ MCLI_HOME: '/somewhere' })).toBe('/somewhere');
    expect(mcliHome({})).toMatch(/\.mcli$/);
  });

  it.each([
    ['unknown', () => thrower('uv_os_homedir returned ENOENT')],
    ['empty', () => ''],
  ])('asks for MCLI_HOME when the home folder is %s', (_how, homeOf) => {
    expect(thrown(() => mcliHome({}, homeOf))).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/no home folder.*MCLI_HOME/),
    });
    expect(mcliHome({ MCLI_HOME: '/somewhere' }, homeOf)).toBe('/somewhere');
  });
});

function thrower(message: string): never {
  throw new Error(message);
}

function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
