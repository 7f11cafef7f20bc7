import { ModelBuildError } from '../model-build-error.js';
import type { GgufFile } from './gguf-file.js';

/** What a tokenizer needs, in the shape in which a build keeps it as `tokenizer.json`. */
export interface TokenizerDescription {
  /** How text is cut: `gpt2` is byte-level BPE with merges, `llama` is SentencePiece with scores. */
  readonly model: string;
  /** How text is cut before that (`smollm`, `llama-bpe`, `gpt-2`, …); `default` when the file does not say. */
  readonly pre: string;
  /** The tokens' texts, by id. */
  readonly tokens: readonly string[];
  /** One for each token. 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. */
  readonly tokenTypes: readonly number[];
  /** SentencePiece's scores, one for each token. */
  readonly scores?: readonly number[] | undefined;
  /** BPE's merges, the most important first: two texts with a space between them. */
  readonly merges?: readonly string[] | undefined;
  readonly bosToken?: number | undefined;
  readonly eosToken?: number | undefined;
  readonly unknownToken?: number | undefined;
  readonly padToken?: number | undefined;
  /** Whether a text starts with `bosToken` when nothing else puts it there. */
  readonly addBos: boolean;
  readonly addEos?: boolean | undefined;
  readonly addSpacePrefix?: boolean | undefined;
  /** Tokens after which the model has finished, in ascending order. */
  readonly endTokens: readonly number[];
  /** The conversation template, in Jinja. */
  readonly chatTemplate?: string | undefined;
}

/** Control tokens that end an answer, whatever the metadata says. The list of llama.cpp. */
const endTexts = new Set([
  '</s>',
  '<end_of_turn>',
  '<end_of_utterance>',
  '<eos>',
  '<EOT>',
  '_<EOT>',
  '<|end|>',
  '<|end_of_text|>',
  '<|END_OF_TURN_TOKEN|>',
  '<|endoftext|>',
  '<|eom_id|>',
  '<|eot_id|>',
  '<|im_end|>',
  '<｜end▁of▁sentence｜>',
]);
const controlType = 3;
const key = 'tokenizer.ggml';

/** @throws ModelBuildError `invalid_gguf` when the vocabulary is missing, or does not fit the model or itself */
export function readTokenizer(file: GgufFile, vocabularySize: number): TokenizerDescription {
  const { metadata, label } = file;
  const model = metadata.text(`${key}.model`);
  const tokens = metadata.texts(`${key}.tokens`);
  if (model === undefined || !tokens) throw new ModelBuildError('invalid_gguf', `${label}: has no tokenizer`);
  const sized = <T>(name: string, list: readonly T[] | undefined): readonly T[] | undefined => {
    if (list && list.length !== vocabularySize) {
      throw new ModelBuildError(
        'invalid_gguf',
        `${label}: ${name} has ${list.length} entries for ${vocabularySize} tokens`,
      );
    }
    return list;
  };
  const id = (name: string): number | undefined => {
    const value = metadata.integer(`${key}.${name}_token_id`);
    if (value !== undefined && (value < 0 || value >= vocabularySize)) {
      throw new ModelBuildError(
        'invalid_gguf',
        `${label}: ${key}.${name}_token_id is ${value}, of ${vocabularySize} tokens`,
      );
    }
    return value;
  };
  sized(`${key}.tokens`, tokens);
  const tokenTypes = sized(`${key}.token_type`, metadata.numbers(`${key}.token_type`)) ?? tokens.map(() => 1);
  const ends = [id('eos'), id('eot'), id('eom')].filter((token) => token !== undefined);
  for (const [token, type] of tokenTypes.entries()) {
    if (type === controlType && endTexts.has(tokens[token] ?? '')) ends.push(token);
  }
  return {
    model,
    pre: metadata.text(`${key}.pre`) ?? 'default',
    tokens,
    tokenTypes,
    scores: sized(`${key}.scores`, metadata.numbers(`${key}.scores`)),
    merges: metadata.texts(`${key}.merges`),
    bosToken: id('bos'),
    eosToken: id('eos'),
    unknownToken: id('unknown'),
    padToken: id('padding'),
    addBos: metadata.boolean(`${key}.add_bos_token`) ?? model === 'llama',
    addEos: metadata.boolean(`${key}.add_eos_token`),
    addSpacePrefix: metadata.boolean(`${key}.add_space_prefix`),
    endTokens: [...new Set(ends)].sort((a, b) => a - b),
    chatTemplate: metadata.text('tokenizer.chat_template'),
  };
}
