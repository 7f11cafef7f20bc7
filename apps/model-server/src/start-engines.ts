import { basename } from 'node:path';
import type { InferenceBackend, ProcessBackend, ProcessBackendEvent } from '@mcli/inference';
import { bytesPerMebibyte, combineBackends, createProcessBackend, InferenceError } from '@mcli/inference';
import { preferEngine } from './choose-engine.js';
import type { ServerConfig } from './config.js';
import type { EngineArguments } from './engine-arguments.js';
import type { EngineFacts } from './engine-facts.js';
import { isEngineFacts } from './engine-facts.js';
import { LoadTimes } from './load-times.js';
import type { CatalogModel } from './model-catalog.js';
import { StartError } from './start-error.js';
import { buildsDirectory } from './state-folder.js';
import { tracePath } from './trace-path.js';

/** One step of something that takes a while. */
export interface Progress {
  /** Words for a person, such as `Preparing smollm2-135m-instruct`. */
  readonly phase: string;
  /** Of work whose result is kept, so that later starts don't repeat it, such as building: 0 to 1. Undefined for other work. */
  readonly fraction?: number | undefined;
  /** An estimate; undefined where nobody knows. */
  readonly secondsLeft?: number | undefined;
}

/** Writes a line to the log. */
export type Log = (level: 'debug' | 'info' | 'warn', message: string, facts: Readonly<Record<string, unknown>>) => void;

/** The engines of all models, each in a process of its own. */
export interface Engines {
  readonly backend: InferenceBackend;
  /**
   * Resolves when all models answer.
   *
   * @throws StartError `usage` when memory that was asked for isn't there; else the first model's own reason
   */
  ready(): Promise<void>;
  /** What a model's engine says of itself; undefined until it is loaded. */
  factsOf(model: string): EngineFacts | undefined;
  /** Models that don't answer now, with what they do instead. */
  unready(): readonly { readonly model: string; readonly status: string }[];
}

/** Starts an engine's process for each model. */
export function startEngines(
  models: readonly CatalogModel[],
  config: ServerConfig,
  options: { readonly log: Log; readonly onProgress: (progress: Progress) => void },
): Engines {
  const facts = new Map<string, EngineFacts>();
  const loadTimes = new LoadTimes(config.home);
  const engines = models.map((model) => {
    // The one that will probably run it: only an estimate hangs on it.
    const loadKey = `${preferEngine(config.engine, model).engine} ${model.id}`;
    const log = engineLog(options.log, model);
    const engine: ProcessBackend = createProcessBackend({
      module: new URL('./engine-process.js', import.meta.url),
      arguments: engineArguments(model, models, config),
      // A debugger that llama.cpp would start when it fails would only hold up the restart.
      env: { ORT_DISABLE_TELEMETRY: '1', GGML_NO_BACKTRACE: '1' },
      lastLoadMs: loadTimes.get(loadKey),
      preparationOf: (value) => preparationOf(value as Progress),
      onEvent: (event) => {
        if (event.type === 'ready') loadTimes.set(loadKey, event.loadMs);
        if (event.type === 'progress') options.onProgress(event.value as Progress);
        else log(event);
        if (event.type === 'report' && isEngineFacts(event.value)) facts.set(model.id, event.value);
      },
    });
    return { model: model.id, engine };
  });
  return {
    backend: combineBackends(engines.map(({ engine }) => engine)),
    ready: async () => {
      try {
        await Promise.all(engines.map(({ model, engine }) => engine.ready().catch((error) => explain(error, model))));
      } catch (error) {
        throw asUsageError(error, config);
      }
    },
    factsOf: (model) => facts.get(model),
    unready: () =>
      engines
        .map(({ model, engine }) => ({ model, status: engine.status() }))
        .filter(({ status }) => status !== 'ready'),
  };
}

/** What a step says about work that later starts don't repeat. */
function preparationOf({ fraction, secondsLeft }: Progress): { readonly leftMs: number | undefined } | undefined {
  return fraction === undefined ? undefined : { leftMs: secondsLeft === undefined ? undefined : secondsLeft * 1_000 };
}

/**
 * Logs what becomes of one engine, and once what was wrong with its model's file, however often it is started. That it
 * can't start at all is not logged: whoever waits for `ready` is told.
 */
export function engineLog(
  log: Log,
  { id: model, path }: Pick<CatalogModel, 'id' | 'path'>,
): (event: ProcessBackendEvent) => void {
  let wasReady = false;
  const warnings = new Set<string>();
  return (event) => {
    switch (event.type) {
      case 'ready':
        wasReady = true;
        return void log('info', 'engine ready', { model, pid: event.pid, duration_ms: Math.round(event.durationMs) });
      case 'exited': {
        if (!wasReady && event.restartInMs === undefined) return;
        const { pid, code, signal, failedGenerations, restartInMs } = event;
        const facts = { model, pid, code, signal, failed_generations: failedGenerations, restart_in_ms: restartInMs };
        return void log('warn', 'engine exited', facts);
      }
      case 'start-failed':
        return wasReady ? void log('warn', 'engine start-failed', { model, cause: event.error }) : undefined;
      case 'report':
        if (isEngineLog(event.value)) return void log('debug', event.value.engine_log, { model });
        return void log('info', 'engine report', { model, report: event.value });
      case 'warning': {
        if (warnings.has(event.message)) return;
        warnings.add(event.message);
        return void log('warn', onOneLine(event.message), { model, file: basename(path) });
      }
      case 'starting':
      case 'progress':
        return;
      default:
        event satisfies never;
    }
  };
}

function isEngineLog(value: unknown): value is { readonly engine_log: string } {
  return typeof value === 'object' && value !== null && 'engine_log' in value;
}

/** Without what a file's texts could do to a terminal, and no longer than a person reads. */
function onOneLine(message: string): string {
  return message.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 500);
}

/** A process that died without a word leaves its reader to guess what to do. */
function explain(error: unknown, model: string): never {
  if (!(InferenceError.isInstance(error) && error.code === 'engine_failed')) throw error;
  const remedy = "Its file may be damaged; with a GPU, a driver may be at fault: '--gpu-layers 0' leaves it out.";
  throw new InferenceError('engine_failed', `'${model}' can't be loaded. ${error.message} ${remedy}`, { cause: error });
}

/** A cache that doesn't fit, of a size that somebody asked for, is a wrong flag and no failure. */
function asUsageError(error: unknown, { context, slots, kvCacheMb }: ServerConfig): unknown {
  const asked = context !== undefined || slots !== undefined || kvCacheMb !== undefined;
  const aboutSize =
    InferenceError.isInstance(error) && error.code === 'unsupported' && 'contextLength' in error.details;
  return asked && aboutSize ? new StartError('usage', error.message, { cause: error }) : error;
}

function engineArguments(model: CatalogModel, models: readonly CatalogModel[], config: ServerConfig): EngineArguments {
  return {
    model,
    buildsDirectory: buildsDirectory(config.home),
    queue: config.queue,
    slots: config.slots,
    context: config.context,
    threads: config.threads,
    engine: config.engine,
    gpuLayers: config.gpuLayers,
    drafts: config.drafts,
    engineLog: config.engineLog,
    trace: tracePath(model, models, config),
    kvCacheBytes: config.kvCacheMb === undefined ? undefined : config.kvCacheMb * bytesPerMebibyte,
  };
}
