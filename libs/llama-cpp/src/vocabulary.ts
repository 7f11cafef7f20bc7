import { LlamaCppError } from './llama-cpp-error.js';
import type { NativeLibrary } from './native/native-library.js';
import { tokenAttributes } from './native/structs.js';

/** What a token is. `user-defined` ones are found in plain text as wholes; `control` ones only where that is asked for. */
export type TokenKind = 'normal' | 'control' | 'user-defined' | 'byte' | 'unknown' | 'unused';

export interface TokenizeOptions {
  /** Adds the tokens that the model wants at a text's start and end. @default false */
  readonly addSpecial?: boolean | undefined;
  /** Whether texts such as `<|im_end|>` become control tokens. Never for what users write. @default false */
  readonly parseSpecial?: boolean | undefined;
}

/** Some of `llama_vocab_type`. */
const vocabularyTypes = { none: 0, sentencePiece: 1, wordPiece: 3 } as const;

/**
 * A model's tokens. Its methods throw `disposed` when the model was disposed of, and `invalid_argument` for a token that
 * there isn't and where the file has no vocabulary.
 *
 * The library ends the process for a character that a SentencePiece vocabulary has neither a token nor bytes for.
 */
export class Vocabulary {
  /** How many tokens there are. */
  readonly size: number;
  /** The token that a text begins with; `undefined` when there is none. */
  readonly begin: number | undefined;
  /** The token that ends a text. */
  readonly end: number | undefined;
  /** Whether a text begins with `begin`. */
  readonly addsBegin: boolean;
  /** Whether a text ends with `end`. */
  readonly addsEnd: boolean;
  /** Whether it is of SentencePiece's kind. */
  readonly isSentencePiece: boolean;
  readonly #library: NativeLibrary;
  readonly #isMissing: boolean;
  /** Whether there are the tokens that texts begin and end with. */
  readonly #canAddSpecial: boolean;
  #handle: bigint | undefined;

  /** `LlamaModel.vocabulary` */
  constructor(library: NativeLibrary, handle: bigint) {
    const { functions } = library;
    this.#library = library;
    this.#handle = handle;
    this.size = functions.llama_vocab_n_tokens(handle);
    this.begin = tokenOf(functions.llama_vocab_bos(handle));
    this.end = tokenOf(functions.llama_vocab_eos(handle));
    this.addsBegin = functions.llama_vocab_get_add_bos(handle);
    this.addsEnd = functions.llama_vocab_get_add_eos(handle);
    const type = functions.llama_vocab_type(handle);
    this.isSentencePiece = type === vocabularyTypes.sentencePiece;
    this.#isMissing = type === vocabularyTypes.none;
    const isWordPiece = type === vocabularyTypes.wordPiece;
    const last = isWordPiece ? functions.llama_vocab_sep(handle) : functions.llama_vocab_eos(handle);
    const [needsFirst, needsLast] = isWordPiece ? [true, true] : [this.addsBegin, this.addsEnd];
    this.#canAddSpecial = !(needsFirst && this.begin === undefined) && !(needsLast && last < 0);
  }

  /**
   * A text's tokens; half of a surrogate pair counts as U+FFFD. Takes its time on this thread: about 10 million characters a
   * second, less for some vocabularies.
   *
   * @throws LlamaCppError `invalid_argument` too when the file names no tokens for `addSpecial`
   */
  tokenize(text: string, options: TokenizeOptions = {}): Int32Array {
    const { addSpecial = false, parseSpecial = false } = options;
    this.#alive();
    if (addSpecial && !this.#canAddSpecial)
      throw new LlamaCppError('invalid_argument', "The vocabulary lacks the tokens for a text's start or end.");
    // Never empty: an empty one has no address.
    const bytes = Buffer.from(`${text}\0`, 'utf8');
    const length = bytes.length - 1;
    const attempt = (tokens: Int32Array): number =>
      this.#library.functions.llama_tokenize(
        this.#alive(),
        bytes,
        length,
        tokens,
        tokens.length,
        addSpecial,
        parseSpecial,
      );
    const guess = new Int32Array(Math.ceil(length / 2) + 16);
    const count = attempt(guess);
    if (count >= 0) return guess.subarray(0, count);
    const whole = new Int32Array(-count);
    const again = attempt(whole);
    if (again < 0) throw new LlamaCppError('invalid_argument', 'The text is too long for tokens to be made of it.');
    return whole.subarray(0, again);
  }

  /** The bytes that a token stands for, in UTF-8; several tokens may share one character. Control tokens have none. */
  bytesOf(token: number): Uint8Array {
    const write = (out: Uint8Array): number =>
      this.#library.functions.llama_token_to_piece(this.#alive(), this.#check(token), out, out.length, 0, false);
    const first = new Uint8Array(64);
    const count = write(first);
    if (count >= 0) return first.subarray(0, count);
    const whole = new Uint8Array(-count);
    return whole.subarray(0, Math.max(0, write(whole)));
  }

  /** A token as it stands in the file; not what it stands for. */
  textOf(token: number): string {
    return this.#library.functions.llama_vocab_get_text(this.#alive(), this.#check(token)) ?? '';
  }

  kindOf(token: number): TokenKind {
    const attributes = this.#library.functions.llama_vocab_get_attr(this.#alive(), this.#check(token));
    const has = (attribute: keyof typeof tokenAttributes): boolean => (attributes & tokenAttributes[attribute]) !== 0;
    if (has('control')) return 'control';
    if (has('userDefined')) return 'user-defined';
    if (has('byte')) return 'byte';
    if (has('unknown')) return 'unknown';
    return has('unused') ? 'unused' : 'normal';
  }

  /** Whether the model has finished after it. */
  endsGeneration(token: number): boolean {
    return this.#library.functions.llama_vocab_is_eog(this.#alive(), this.#check(token));
  }

  /** Called when the model is. */
  dispose(): void {
    this.#handle = undefined;
  }

  /** The library ends the process for a token that there isn't. */
  #check(token: number): number {
    if (Number.isInteger(token) && token >= 0 && token < this.size) return token;
    throw new LlamaCppError('invalid_argument', `There is no token ${token}; there are ${this.size}.`);
  }

  #alive(): bigint {
    if (this.#isMissing) throw new LlamaCppError('invalid_argument', 'The model has no vocabulary.');
    if (this.#handle !== undefined) return this.#handle;
    throw new LlamaCppError('disposed', 'The model was disposed of.');
  }
}

const tokenOf = (token: number): number | undefined => (token < 0 ? undefined : token);
