import type { CatalogModel } from './model-catalog.js';

/** What runs a model. */
export type EngineName = 'onnx' | 'llama.cpp';

/** What `--engine` takes. */
export type AskedEngine = EngineName | 'auto';

/** How people call them. */
export const engineTitles: Readonly<Record<EngineName, string>> = { onnx: 'ONNX Runtime', 'llama.cpp': 'llama.cpp' };

export interface EngineChoice {
  readonly engine: EngineName;
  /** Why this one, in a few words, such as `a GGUF file`. */
  readonly reason: string;
  /** Why llama.cpp, which would have been chosen, can't be used. */
  readonly unavailable?: string;
}

/**
 * The engine that a model should run on, before anyone looks whether it is there: a GGUF file on llama.cpp, which reads it as
 * it is; the embedded model on ONNX Runtime, where its answers are the same bits in any company.
 */
export function preferEngine(asked: AskedEngine, model: Pick<CatalogModel, 'embedded'>): EngineChoice {
  if (asked !== 'auto') return { engine: asked, reason: `--engine ${asked}` };
  return model.embedded
    ? { engine: 'onnx', reason: 'the embedded model' }
    : { engine: 'llama.cpp', reason: 'a GGUF file' };
}

/**
 * The engine that a model runs on. With `auto`, a GGUF file goes to ONNX Runtime where llama.cpp's library doesn't load.
 *
 * @param loadLlamaCpp loads llama.cpp's library; called only when it would be used
 * @throws what `loadLlamaCpp` throws, when llama.cpp was asked for by name
 */
export async function chooseEngine(
  asked: AskedEngine,
  model: Pick<CatalogModel, 'embedded'>,
  loadLlamaCpp: () => Promise<unknown>,
): Promise<EngineChoice> {
  const preferred = preferEngine(asked, model);
  if (preferred.engine === 'onnx') return preferred;
  try {
    await loadLlamaCpp();
    return preferred;
  } catch (error) {
    if (asked !== 'auto') throw error;
    const unavailable = withoutStop(error instanceof Error ? error.message : String(error));
    return { engine: 'onnx', reason: `llama.cpp can't be used: ${unavailable}`, unavailable };
  }
}

/** Codes of errors that say that a model is of a kind which ONNX Runtime isn't given here. */
const unknownKinds = new Set<unknown>(['unsupported_architecture', 'unsupported_tensor_type']);

/**
 * An engine's reason not to start, with the reason why the other one was not taken, where that one might have done it.
 *
 * @returns the same error where only its own reason counts
 */
export function withBothReasons(error: unknown, { unavailable }: EngineChoice): unknown {
  if (unavailable === undefined || !(error instanceof Error)) return error;
  const { code, details } = error as Error & { readonly code?: unknown; readonly details?: object };
  // A tokenizer that isn't known; a cache that doesn't fit would fit nowhere.
  const isUnknownTokenizer = code === 'unsupported' && !('contextLength' in (details ?? {}));
  if (!unknownKinds.has(code) && !isUnknownTokenizer) return error;
  return withMore(error, `llama.cpp, which runs more kinds of models, can't be used (${unavailable})`);
}

/**
 * Whether the other engine should be asked to run a model that the chosen one couldn't read. llama.cpp refuses files for slips in
 * their metadata that the builder puts right, and doesn't say what it found wrong; when an engine was asked for by name,
 * nothing else is tried.
 */
export function mayTryOnnx(asked: AskedEngine, { engine }: EngineChoice, error: unknown): error is Error {
  return asked === 'auto' && engine === 'llama.cpp' && hasCode(error, 'invalid_model');
}

/** What a person is told when neither engine can read a file: the builder's reason, and llama.cpp's. */
export function withLlamaCppsReason(error: unknown, llamaCpp: Error): unknown {
  if (!(error instanceof Error)) return error;
  return withMore(error, `llama.cpp can't read it either (${withoutStop(llamaCpp.message)})`);
}

/** The same error, with more in its sentence. */
function withMore(error: Error, more: string): Error {
  const code = 'code' in error ? { code: error.code } : {};
  const message = `${withoutStop(error.message)}; ${more}.`;
  return Object.assign(new Error(message, { cause: error }), { name: error.name, ...code });
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
