/** Anything that turns a prompt into text: the local engine, a remote server, a fake in a test. */
export interface InferenceBackend {
  /** Models this backend answers for. Cheap enough to call on every request. */
  models(): Promise<readonly ModelCard[]>;

  /**
   * Starts one generation.
   *
   * Yields one `start`, any number of deltas, then one `end`. A failure is thrown, never yielded: as an
   * `InferenceError` where the reason is known. Leaving the loop early, or aborting `request.signal`,
   * cancels the work; an aborted generation throws the signal's reason.
   */
  generate(request: GenerateRequest): AsyncIterable<GenerationEvent>;

  /** Finishes what is running, then frees every resource. */
  close(): Promise<void>;
}

/** What the outside may know of a model. */
export interface ModelCard {
  /** The name by which requests choose the model. May contain slashes. */
  readonly id: string;
  /** Positions a sequence can hold: prompt and answer together. */
  readonly contextLength: number;
  /** Generations that run at once; more wait. Unknown for a backend that doesn't say. */
  readonly slots?: number | undefined;
  /** What runs it, such as `onnx` (ONNX Runtime) or `llama.cpp`. Unknown for a backend that doesn't say. */
  readonly engine?: string | undefined;
  /** When the model's files were made, in Unix seconds. */
  readonly created: number;
  /**
   * What it does now: `ready` answers, `loading` is being loaded, `available` is loaded when somebody asks for it,
   * `degraded` broke and will be started again. @default 'ready'
   */
  readonly status?: 'ready' | 'loading' | 'available' | 'degraded' | undefined;
  /** What the model's authors recommend. Counts only for requests that name no sampling of their own. */
  readonly recommendedSampling?: SamplingOptions | undefined;
}

/** One generation, in our own words. HTTP shapes are translated into this and never travel further. */
export interface GenerateRequest {
  readonly model: string;
  /** Plain text, a conversation for the model's chat template, or token ids. */
  readonly prompt: string | readonly ChatMessage[] | readonly number[];
  /** Most tokens to write; clamped to the context that is left. @default whatever context is left */
  readonly maxTokens?: number | undefined;
  /** Texts that end the generation. They are not part of the output. @default none */
  readonly stop?: readonly string[] | undefined;
  /** @default the model's `recommendedSampling`, else temperature 1 */
  readonly sampling?: SamplingOptions | undefined;
  /** Cached prefixes are shared only between requests of one scope. @default shared with all that name none */
  readonly cacheScope?: string | undefined;
  /** Ends a generation that loops, when `maxTokens` is not given. @default true */
  readonly loopGuard?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** The participant's name, for templates that print it. */
  readonly name?: string | undefined;
}

/** How the next token is chosen. The fields are applied in the order in which they stand here. */
export interface SamplingOptions {
  /** Added to the logits of these token ids before anything else; -100 bans, 100 forces. @default none */
  readonly logitBias?: Readonly<Record<number, number>> | undefined;
  /** Divides (or multiplies, when negative) the logits of tokens seen before, prompt included. 1 is off. @default 1 */
  readonly repetitionPenalty?: number | undefined;
  /** Subtracted from a token's logit once for every time that it was written. -2 to 2. @default 0 */
  readonly frequencyPenalty?: number | undefined;
  /** Subtracted from a token's logit once it was written. -2 to 2. @default 0 */
  readonly presencePenalty?: number | undefined;
  /** 0 is greedy: always the likeliest token. @default 1 */
  readonly temperature?: number | undefined;
  /** Keeps the k likeliest tokens. 0 keeps all. @default 0 */
  readonly topK?: number | undefined;
  /** Keeps the likeliest tokens whose probabilities first add up to p (nucleus sampling). @default 1 */
  readonly topP?: number | undefined;
  /** Keeps tokens at least this likely compared with the likeliest one. @default 0 */
  readonly minP?: number | undefined;
  /** The same seed, request and model give the same text. An integer. @default random */
  readonly seed?: number | undefined;
}

export type GenerationEvent =
  /** The sequence was admitted and its prompt was found to fit. Comes before the prompt is read. */
  | { readonly type: 'start'; readonly model: string; readonly promptTokens: number }
  /** Whole characters, never part of a stop text. */
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'end'; readonly reason: FinishReason; readonly usage: Usage };

/** `stop`: the model ended or a stop text came. `length`: `maxTokens`, the context or the loop guard ended it. */
export type FinishReason = 'stop' | 'length';

/** Counts of tokens. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Part of `promptTokens` that was taken from a cache instead of being read. */
  readonly cachedTokens: number;
}
