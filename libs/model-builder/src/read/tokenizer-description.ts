import { ModelBuildError } from '../model-build-error.js';
import type { GgufFile } from './gguf-file.js';
import { markEnds } from './mark-ends.js';
import { nameSome } from './name-some.js';
import type { OnWarning } from './on-warning.js';
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
export function readTokenizer(file: GgufFile, vocabularySize: number, onWarning: OnWarning): TokenizerDescription {
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
  const statedTypes = sized(`${key}.token_type`, metadata.numbers(`${key}.token_type`));
  if (!statedTypes)
    onWarning(`${key}.token_type is missing: all tokens but starts and ends are taken for common text.`);
  const fileTypes = statedTypes ?? tokens.map(() => 1);
  /** Converters write -1, 2³² - 1 or the vocabulary's size for a token that a model doesn't have. */
  const id = (name: string): number | undefined => {
    const value = metadata.get(`${key}.${name}_token_id`);
    if (typeof value !== 'bigint') metadata.integer(`${key}.${name}_token_id`);
    if (typeof value === 'number' && value >= 0 && value < vocabularySize) return value;
    const usual = model === 'llama' ? sentencePieceIds[name] : undefined;
    const taken = usual !== undefined && [2, 3].includes(fileTypes[usual] ?? 0) ? usual : undefined;
    if (value !== undefined) {
      const instead = taken === undefined ? 'the model is taken to have none' : `the usual ${taken} is taken`;
      onWarning(`${key}.${name}_token_id is ${String(value)}, which is none of ${vocabularySize} tokens: ${instead}.`);
    }
    return taken;
  };
  const [bosToken, eosToken] = [id('bos'), id('eos')];
  const merges = metadata.texts(`${key}.merges`);
  if (!merges && model === 'gpt2') onWarning(`${key}.merges is missing: text is cut into single bytes.`);
  const { tokenTypes, endTokens } = markEnds({
    tokens,
    tokenTypes: fileTypes,
    merges,
    starts: [bosToken],
    ends: [eosToken, id('eot'), id('eom')],
  });
  const remarked = tokens.filter((_, at) => statedTypes && tokenTypes[at] !== statedTypes[at]);
  if (remarked.length > 0) {
    const names = nameSome(remarked.map((text) => JSON.stringify(text)));
    onWarning(`Taken for control tokens, though ${key}.token_type doesn't mark them as such: ${names}.`);
  }
  const statedPre = metadata.text(`${key}.pre`);
  if (statedPre === undefined && model === 'gpt2') {
    onWarning(`${key}.pre is missing: text is cut in the default way, which may not be what the model learned.`);
  }
  const pre = preTokenizerName(statedPre ?? 'default');
  const startsWithBos = model === 'llama' || (model === 'gpt2' && pre === 'llama-bpe');
  const addBos = metadata.boolean(`${key}.add_bos_token`) ?? startsWithBos;
  if (addBos && bosToken === undefined) {
    onWarning(`Texts should start with a BOS token, but ${key}.bos_token_id names none: they start without.`);
  }
  const addEos = metadata.boolean(`${key}.add_eos_token`);
  if (addEos) onWarning(`${key}.add_eos_token is true: prompts get none all the same, or no answer would follow.`);
  const scores = sized(`${key}.scores`, metadata.numbers(`${key}.scores`));
  if (!scores && model === 'llama') {
    onWarning(
      `${key}.scores is missing: all tokens count alike, and text may be cut otherwise than the model learned.`,
    );
  }
  return {
    model,
    pre,
    tokens,
    tokenTypes,
    scores,
    merges,
    bosToken,
    eosToken,
    unknownToken: id('unknown'),
    padToken: id('padding'),
    addBos,
    addEos,
    addSpacePrefix: metadata.boolean(`${key}.add_space_prefix`),
    endTokens,
    chatTemplate: metadata.text('tokenizer.chat_template'),
  };
}
