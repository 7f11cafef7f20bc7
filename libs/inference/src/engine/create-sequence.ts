import type { GenerateRequest } from '../contract.js';
import { InferenceError, type RequestField } from '../errors.js';
import { LoopGuard } from './loop-guard.js';
import type { ModelRunner } from './model-runner.js';
import { resolveSampling } from './resolve-sampling.js';
import { createSampler } from './sampler.js';
import { Sequence, type SequenceOptions } from './sequence.js';
import { TextAssembler } from './text-assembler.js';
import { TooManyTokens } from './too-many-tokens.js';

/**
 * Translates a request into a sequence for one model.
 * @throws InferenceError `invalid_request` naming the field · `context_length_exceeded`
 */
export function createSequence(
  { card, tokenizer, vocabularySize }: Pick<ModelRunner, 'card' | 'tokenizer' | 'vocabularySize'>,
  request: GenerateRequest,
  callbacks: Pick<SequenceOptions, 'onCancel' | 'onLoop'> = {},
): Sequence {
  const { maxTokens = Infinity, stop, cacheScope, loopGuard = true } = request;
  if (!(maxTokens >= 1)) throw invalid('maxTokens', `At least one token must be written, not ${maxTokens}.`);
  const sampling = resolveSampling(request.sampling, card.recommendedSampling);
  checkTokens(Object.keys(sampling.logitBias ?? {}).map(Number), vocabularySize, 'logitBias');
  const sampler = createSampler(sampling);

  const { id: model, contextLength } = card;
  const tooLong = (tokens: number, words: string) =>
    new InferenceError(
      'context_length_exceeded',
      `The prompt has ${words} tokens; '${model}' holds ${contextLength}, with at least one for the answer.`,
      { details: { contextLength, promptTokens: tokens, model } },
    );
  let prompt: readonly number[];
  try {
    prompt = toTokens(request.prompt, tokenizer, contextLength - 1);
  } catch (error) {
    throw error instanceof TooManyTokens ? tooLong(error.atLeast, `${error.atLeast} or more`) : error;
  }
  checkTokens(prompt, vocabularySize, 'prompt');
  if (prompt.length === 0) throw invalid('prompt', 'The prompt is empty: it has no tokens.');
  const room = contextLength - prompt.length;
  if (room < 1) throw tooLong(prompt.length, String(prompt.length));
  return new Sequence({
    model,
    prompt,
    maxTokens: Math.min(Math.floor(maxTokens), room),
    tokenizer,
    sampler,
    assembler: new TextAssembler(stop),
    loopGuard: loopGuard && request.maxTokens === undefined ? new LoopGuard() : undefined,
    cacheScope,
    ...callbacks,
  });
}

function toTokens(
  prompt: GenerateRequest['prompt'],
  tokenizer: ModelRunner['tokenizer'],
  most: number,
): readonly number[] {
  if (typeof prompt === 'string') return tokenizer.encode(prompt, most);
  return isTokens(prompt) ? prompt : tokenizer.encodeChat(prompt, most);
}

function isTokens(prompt: Exclude<GenerateRequest['prompt'], string>): prompt is readonly number[] {
  return typeof prompt[0] === 'number';
}

function checkTokens(tokens: readonly number[], vocabularySize: number, field: 'prompt' | 'logitBias'): void {
  const stranger = tokens.find((token) => !(Number.isInteger(token) && token >= 0 && token < vocabularySize));
  if (stranger === undefined) return;
  const where = field === 'prompt' ? 'The prompt' : 'The logit bias';
  throw invalid(field, `${where} names token ${stranger}; the model's tokens are 0 to ${vocabularySize - 1}.`);
}

function invalid(field: RequestField, message: string): InferenceError {
  return new InferenceError('invalid_request', message, { details: { field } });
}
