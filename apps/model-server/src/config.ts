import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { bytesPerMebibyte } from '@mcli/inference';
import { closest } from 'fastest-levenshtein';
import type { AskedEngine } from './choose-engine.js';
import { StartError } from './start-error.js';
import type { StartOptionName } from './start-options.js';
import { startOptions } from './start-options.js';
import { StartValues } from './start-values.js';
import type { TrustedProxy } from './trusted-proxy.js';

/** What the server runs on: every option resolved. */
export interface ServerConfig {
  /** The OpenAI API with keys; otherwise the basic local server without. */
  readonly openaiCompatible: boolean;
  /** Embedded ids or paths of GGUF files. */
  readonly models: readonly string[];
  /** The id of a single model given by its path. */
  readonly modelId?: string | undefined;
  /** What runs the models. */
  readonly engine: AskedEngine;
  /** Of llama.cpp: how many layers are computed on GPUs. */
  readonly gpuLayers: number | 'auto';
  readonly host: string;
  readonly port: number;
  /** Keys that are accepted and never stored. */
  readonly apiKeys: readonly string[];
  readonly firstKey: boolean;
  readonly slots?: number | undefined;
  /** Tokens. */
  readonly context?: number | undefined;
  readonly threads?: number | undefined;
  readonly kvCacheMb?: number | undefined;
  readonly queue: number;
  readonly loopGuard: boolean;
  /** Whether prompt lookup speeds up a generation that runs alone. Undefined: on with ONNX Runtime, off with llama.cpp. */
  readonly drafts?: boolean | undefined;
  /** Undefined: by address. */
  readonly rateLimit?: { readonly limit: number; readonly windowMs: number } | 'off' | undefined;
  /** Whose `X-Forwarded-For` and `X-Forwarded-Proto` count. @default nobody's */
  readonly trustedProxy?: TrustedProxy | undefined;
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
  /** Bytes. */
  readonly bodyLimit: number;
  readonly strictParams: boolean;
  /** File for a Chrome trace; with several models, each has its own: `file.<model>.json`. */
  readonly trace?: string | undefined;
  /** Whether what llama.cpp's library says is logged. */
  readonly engineLog: boolean;
  readonly logFormat: 'json' | 'pretty';
  /** Folder of everything that is kept. */
  readonly home: string;
}

/** Values of flags by their names, such as `'api-key'`; only those that were given. */
export type Flags = Readonly<Record<string, unknown>>;
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder of everything that is kept: `MCLI_HOME`, by default `~/.mcli`.
 *
 * @throws StartError `failed` when neither is known, as for a container's user without an entry of its own
 */
export function mcliHome(environment: Environment = process.env, userHome: () => string = homedir): string {
  const named = environment['MCLI_HOME'];
  if (named) return resolve(named);
  let home = '';
  let cause: unknown;
  try {
    home = userHome();
  } catch (error) {
    cause = error;
  }
  if (isAbsolute(home)) return join(home, '.mcli');
  throw new StartError('failed', 'This user has no home folder. Set MCLI_HOME to a folder that can be written.', {
    cause,
  });
}

/**
 * Puts the configuration together: flags before environment before file before defaults.
 *
 * @param flags values by flag name; `config` (or `MCLI_CONFIG`) names a file other than `$MCLI_HOME/config.json`
 * @throws StartError `usage` naming the flag, variable or entry that is wrong
 */
export function readConfig(flags: Flags, environment: Environment = process.env): ServerConfig {
  const home = mcliHome(environment);
  const values = readValues(flags, environment, home);
  const models = values.model ?? [];
  if (values['model-id'] !== undefined && models.length > 1) {
    throw new StartError('usage', '--model-id names a single --model; give each file the name that it should have.');
  }
  const { engine = 'auto', 'gpu-layers': gpuLayers = 'auto' } = values;
  if (engine === 'onnx' && Number(gpuLayers) > 0) {
    throw new StartError('usage', '--gpu-layers is for llama.cpp; --engine onnx computes on the processor.');
  }
  return {
    openaiCompatible: values['openai-compatible'] ?? false,
    models,
    modelId: values['model-id'],
    engine,
    gpuLayers,
    host: values.host ?? 'localhost',
    port: values.port ?? 51_234,
    apiKeys: [...(values['api-key'] ?? []), ...readKeyFile(values['api-key-file'])],
    firstKey: !values['no-first-key'],
    slots: values.slots,
    context: values.context,
    threads: values.threads,
    kvCacheMb: values['kv-cache-mb'],
    queue: values.queue ?? 64,
    loopGuard: !values['no-loop-guard'],
    drafts: values.drafts,
    rateLimit: values['rate-limit'],
    trustedProxy: values['trusted-proxy'],
    allowedHosts: values['allowed-host'] ?? [],
    corsOrigins: values['cors-origin'] ?? [],
    bodyLimit: values['body-limit'] ?? 20 * bytesPerMebibyte,
    strictParams: values['strict-params'] ?? false,
    trace: values.trace === undefined ? undefined : resolve(values.trace),
    engineLog: values['engine-log'] ?? false,
    logFormat: values['log-format'] ?? (process.stderr.isTTY ? 'pretty' : 'json'),
    home,
  };
}

/**
 * The engine that environment and file ask for, for what only tells of models.
 *
 * @throws StartError `usage` as `readConfig`
 */
export function readAskedEngine(environment: Environment = process.env): AskedEngine {
  return readValues({}, environment, mcliHome(environment)).engine ?? 'auto';
}

function readValues(flags: Flags, environment: Environment, home: string): StartValues {
  const named = flags['config'] ?? environment['MCLI_CONFIG'];
  const file = typeof named === 'string' && named !== '' ? named : undefined;
  return {
    ...readFile(file ?? join(home, 'config.json'), file !== undefined),
    ...readEnvironment(environment),
    ...readFlags(flags),
  };
}

const names = Object.keys(startOptions) as StartOptionName[];
const variableOf = (name: string) => `MCLI_${name.replaceAll('-', '_').toUpperCase()}`;

function readFlags(flags: Flags): StartValues {
  const given = names.filter((name) => flags[name] !== undefined);
  const repeated = given.find((name) => Array.isArray(flags[name]) && startOptions[name].kind !== 'list');
  if (repeated !== undefined) throw new StartError('usage', `--${repeated} is given more than once.`);
  return parse(Object.fromEntries(given.map((name) => [name, flags[name]])), (name) => `--${name}`);
}

function readEnvironment(environment: Environment): StartValues {
  const given = names.filter((name) => environment[variableOf(name)] && !isServiceLink(environment[variableOf(name)]));
  return parse(Object.fromEntries(given.map((name) => [name, environment[variableOf(name)]])), variableOf);
}

/**
 * Whether a value is none of ours: Kubernetes tells every pod of the services around it, and of a service called `mcli`
 * as `MCLI_PORT=tcp://10.43.1.39:8000`.
 */
function isServiceLink(value = ''): boolean {
  return /^(tcp|udp|sctp):\/\/\S+:\d+$/.test(value);
}

function readFile(path: string, required: boolean): StartValues {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (missing && !required) return {};
    throw new StartError('usage', missing ? `There is no file ${path}.` : `${path} can't be read.`, { cause: error });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new StartError('usage', `${path} is not JSON.`, { cause: error });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new StartError('usage', `${path} must hold one JSON object.`);
  }
  const unknown = Object.keys(content).find((name) => !Object.hasOwn(startOptions, name));
  if (unknown !== undefined) {
    throw new StartError('usage', `${path}: '${unknown}' is not an option. Did you mean '${closest(unknown, names)}'?`);
  }
  return parse(content, (name) => `${path}: '${name}'`);
}

function parse(given: object, label: (name: string) => string): StartValues {
  const result = StartValues.safeParse(given);
  if (result.success) return withDrafts(result.data, label);
  const [issue] = result.error.issues;
  throw new StartError(
    'usage',
    `${label(String(issue?.path[0]))} ${issue?.message ?? 'has a value that is not understood'}.`,
  );
}

/** Makes one value of `drafts` and `no-drafts`, so that the place that counts more decides between them. */
function withDrafts({ 'no-drafts': none, ...values }: StartValues, label: (name: string) => string): StartValues {
  if (!none) return values;
  if (values.drafts)
    throw new StartError('usage', `${label('drafts')} and ${label('no-drafts')} contradict each other.`);
  return { ...values, drafts: false };
}

function readKeyFile(path: string | undefined): string[] {
  if (path === undefined) return [];
  try {
    const lines = readFileSync(path, 'utf8').split(/\r?\n/);
    const keys = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    if (keys.length) return keys;
  } catch (error) {
    throw new StartError('usage', `--api-key-file: ${path} can't be read.`, { cause: error });
  }
  throw new StartError('usage', `--api-key-file: ${path} holds no key.`);
}
