import { setTimeout as sleep } from 'node:timers/promises';
import type { FinishReason, GenerateRequest, InferenceBackend, ModelCard } from '../contract.js';
import { TextAssembler } from '../engine/text-assembler.js';
import { InferenceError } from '../errors.js';

export interface EchoBackendOptions {
  /** The models it answers for. @default one, 'echo' */
  readonly models?: readonly string[];
  /** In words. @default 4096 */
  readonly contextLength?: number;
  /** What is written instead, from the last user message. @default that message again */
  readonly respond?: (message: string) => string;
  /** Time before each word, in milliseconds. @default 0 */
  readonly delayMs?: number;
  /** Runs before each word, 0 is the first; may wait, or throw to fail the generation. @default nothing */
  readonly beforeWord?: (word: number, request: GenerateRequest) => void | Promise<void>;
}

/**
 * A backend without a model: writes the last user message again, word by word; a word is a token. Heeds `stop`,
 * `maxTokens` and `signal`, and refuses what an engine would refuse. For tests and for trying out an API.
 */
export function echoBackend(options: EchoBackendOptions = {}): InferenceBackend {
  const { models = ['echo'], contextLength = 4096, respond = (message) => message } = options;
  const { delayMs = 0, beforeWord } = options;
  const cards = models.map((id): ModelCard => ({ id, contextLength, created: 1_750_000_000 }));
  const running = new Set<Promise<void>>();
  let isClosed = false;

  return {
    async models() {
      return cards;
    },

    async *generate(request) {
      const { model, signal, maxTokens = Infinity } = request;
      signal?.throwIfAborted();
      if (!models.includes(model))
        throw new InferenceError('model_not_found', `There is no model '${model}' here.`, { details: { model } });
      if (isClosed) throw new InferenceError('closed', 'The backend was closed.', { details: { model } });
      const promptTokens = countPrompt(request);
      if (promptTokens >= contextLength) {
        throw new InferenceError(
          'context_length_exceeded',
          `${promptTokens} words; '${model}' holds ${contextLength}.`,
          {
            details: { contextLength, promptTokens, model },
          },
        );
      }

      let finish = (): void => undefined;
      const done = new Promise<void>((resolve) => (finish = resolve));
      running.add(done);
      try {
        yield { type: 'start', model, promptTokens };
        const words = toWords(respond(lastMessage(request)));
        const most = Math.min(maxTokens, contextLength - promptTokens);
        const assembler = new TextAssembler(request.stop);
        let completionTokens = 0;
        let reason: FinishReason = 'stop';
        for (const word of words) {
          if (completionTokens >= most) {
            reason = 'length';
            break;
          }
          await beforeWord?.(completionTokens, request);
          await sleep(delayMs, undefined, { signal }).catch(() => undefined);
          signal?.throwIfAborted();
          completionTokens += 1;
          const { text, stopped } = assembler.push(new TextEncoder().encode(word));
          if (text !== '') yield { type: 'text-delta', text };
          if (stopped) break;
        }
        const { text } = assembler.flush();
        if (text !== '') yield { type: 'text-delta', text };
        yield { type: 'end', reason, usage: { promptTokens, completionTokens, cachedTokens: 0 } };
      } finally {
        running.delete(done);
        finish();
      }
    },

    async close() {
      isClosed = true;
      await Promise.all(running);
    },
  };
}

/** Words with the spaces before them. */
function toWords(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

function lastMessage({ prompt }: GenerateRequest): string {
  if (typeof prompt === 'string') return prompt;
  const messages = prompt.filter((part) => typeof part === 'object');
  return messages.length > 0 || prompt.length === 0
    ? (messages.findLast(({ role }) => role === 'user')?.content ?? '')
    : prompt.join(' ');
}

function countPrompt({ prompt }: GenerateRequest): number {
  if (typeof prompt === 'string') return toWords(prompt).length;
  return prompt
    .map((part) => (typeof part === 'object' ? toWords(part.content).length : 1))
    .reduce((total, count) => total + count, 0);
}
