import { ModelBuildError } from '../model-build-error.js';
import type { GgufFile } from './gguf-file.js';
import { markEnds } from './mark-ends.js';
import { preTokenizerName } from './pre-tokenizer-name.js';

/** What a tokenizer needs, in the shape in which a build keeps it as `tokenizer.json`. */
export interface TokenizerDescription {
  /** How text is cut: `gpt2` is byte-level BPE with merges, `llama` is SentencePiece with scores. */
  readonly model: string;
  /**
   * How text is cut before that (`smollm`, `llama-bpe`, `gpt-2`, …), by one name where files have several; `default` when
   * the file does not say.
   */
  readonly pre: string;
  /** The tokens' texts, by id. */
  readonly tokens: readonly string[];
  /**
   * One for each token. 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. Marks of a text's start and end
   * are control tokens even where the file says otherwise.
   */
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

/** Ids that a SentencePiece vocabulary has when its file doesn't say. Source: llama.cpp. */
const sentencePieceIds: Readonly<Record<string, number>> = { unknown: 0, bos: 1, eos: 2 };
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
  sized(`${key}.tokens`, tokens);
  const fileTypes = sized(`${key}.token_type`, metadata.numbers(`${key}.token_type`)) ?? tokens.map(() => 1);
  /** Converters write -1, 2³² - 1 or the vocabulary's size for a token that a model doesn't have. */
  const id = (name: string): number | undefined => {
    const value = metadata.get(`${key}.${name}_token_id`);
    if (typeof value !== 'bigint') metadata.integer(`${key}.${name}_token_id`);
    if (typeof value === 'number' && value >= 0 && value < vocabularySize) return value;
    const usual = model === 'llama' ? sentencePieceIds[name] : undefined;
    return usual !== undefined && [2, 3].includes(fileTypes[usual] ?? 0) ? usual : undefined;
  };
  const [bosToken, eosToken] = [id('bos'), id('eos')];
  const merges = metadata.texts(`${key}.merges`);
  const { tokenTypes, endTokens } = markEnds({
    tokens,
    tokenTypes: fileTypes,
    merges,
    starts: [bosToken],
    ends: [eosToken, id('eot'), id('eom')],
  });
  const pre = preTokenizerName(metadata.text(`${key}.pre`) ?? 'default');
  const startsWithBos = model === 'llama' || (model === 'gpt2' && pre === 'llama-bpe');
  return {
    model,
    pre,
    tokens,
    tokenTypes,
    scores: sized(`${key}.scores`, metadata.numbers(`${key}.scores`)),
    merges,
    bosToken,
    eosToken,
    unknownToken: id('unknown'),
    padToken: id('padding'),
    addBos: metadata.boolean(`${key}.add_bos_token`) ?? startsWithBos,
    addEos: metadata.boolean(`${key}.add_eos_token`),
    addSpacePrefix: metadata.boolean(`${key}.add_space_prefix`),
    endTokens,
    chatTemplate: metadata.text('tokenizer.chat_template'),
  };
}
