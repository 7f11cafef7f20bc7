import { availableParallelism } from 'node:os';
import type { InferenceBackend, ProcessBackend, ProcessBackendEvent } from '@mcli/inference';
import { combineBackends, createProcessBackend } from '@mcli/inference';
import type { ServerConfig } from './config.js';
import type { EngineArguments } from './engine-arguments.js';
import type { Logger } from './logger.js';
import type { CatalogModel } from './model-catalog.js';
import { buildsDirectory } from './state-folder.js';

/** One step of something that takes a while. */
export interface Progress {
  /** Words for a person, such as `Preparing smollm2-135m-instruct`. */
  readonly phase: string;
  /** 0 to 1; undefined where nobody knows. */
  readonly fraction?: number | undefined;
}

/** The engines of all models, each in a process of its own. */
export interface Engines {
  readonly backend: InferenceBackend;
  /** Resolves when all models answer. @throws when one of them can't be served */
  ready(): Promise<void>;
  /** Models that don't answer now, with what they do instead. */
  unready(): readonly { readonly model: string; readonly status: string }[];
}

/** Starts an engine's process for each model. */
export function startEngines(
  models: readonly CatalogModel[],
  config: ServerConfig,
  options: { readonly logger: Logger; readonly onProgress?: ((progress: Progress) => void) | undefined },
): Engines {
  const engines = models.map((model) => {
    const engine: ProcessBackend = createProcessBackend({
      module: new URL('./engine-process.js', import.meta.url),
      arguments: engineArguments(model, config),
      env: { ORT_DISABLE_TELEMETRY: '1', ORT_GQA_DISABLE_FLASH_ATTENTION: '1' },
      onEvent: (event) => {
        if (event.type === 'progress') options.onProgress?.(event.value as Progress);
        else logEngineEvent(options.logger, model.id, event);
      },
    });
    return { model: model.id, engine };
  });
  return {
    backend: combineBackends(engines.map(({ engine }) => engine)),
    ready: async () => void (await Promise.all(engines.map(({ engine }) => engine.ready()))),
    unready: () =>
      engines
        .map(({ model, engine }) => ({ model, status: engine.status() }))
        .filter(({ status }) => status !== 'ready'),
  };
}

/** What an operator should see is a warning; that an engine starts is not worth a line. */
function logEngineEvent(logger: Logger, model: string, event: ProcessBackendEvent): void {
  const { type, ...facts } = event;
  if (type === 'starting') return;
  logger.log(type === 'ready' || type === 'report' ? 'info' : 'warn', `engine ${type}`, { model, ...facts });
}

function engineArguments(model: CatalogModel, config: ServerConfig): EngineArguments {
  return {
    model,
    buildsDirectory: buildsDirectory(config.home),
    queue: config.queue,
    slots: config.slots,
    context: config.context,
    threads: config.threads ?? availableParallelism(),
    kvCacheBytes: config.kvCacheMb === undefined ? undefined : config.kvCacheMb * 1_048_576,
  };
}
