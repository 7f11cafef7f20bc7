import { InferenceError } from '../errors.js';

/**
 * Marks what clients wrote: characters that control tokens are made of are replaced one by one by characters that
 * no text of the conversation holds, so that lengths and places stay and no control token can be made of them.
 */
export interface TextMask {
  hide(text: string): string;
  lift(text: string): string;
}

/**
 * Makes the masks of one model's conversations.
 *
 * @returns a mask for a conversation, from all texts that it holds, the template's among them; throws an InferenceError
 *   `unsupported` when they hold every character that could mark
 */
export function createTextMasks(controls: readonly string[]): (held: readonly string[]) => TextMask {
  const marks = new Set(controls.flatMap((text) => text.split('').filter(isMark)));
  /** Control tokens made of letters only: their first character is masked where they occur. */
  const words = controls.filter((text) => text !== '' && !text.split('').some(isMark));
  const units = [...new Set([...marks, ...words.map((word) => word.charAt(0))])];
  const markPattern = anyOf([...marks]);

  return (held) => {
    const free = freeUnits(held);
    const masked = new Map<string, string>();
    for (const unit of units) masked.set(unit, takeFrom(free));
    const plain = new Map([...masked].map(([unit, mask]) => [mask, unit]));
    const maskPattern = anyOf([...plain.keys()]);
    const hideWord = (hidden: string, text: string, word: string): string => {
      const result = hidden.split('');
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        result[at] = masked.get(word.charAt(0)) as string;
      }
      return result.join('');
    };
    return {
      hide: (text) =>
        words
          .filter((word) => text.includes(word))
          .reduce(
            (hidden, word) => hideWord(hidden, text, word),
            text.replace(markPattern, (unit) => masked.get(unit) as string),
          ),
      lift: (text) => text.replace(maskPattern, (mask) => plain.get(mask) as string),
    };
  };
}

/** Characters other than letters, digits and spaces: masked wherever they stand. */
function isMark(unit: string): boolean {
  return /[^\p{L}\p{N}\s"'\\\ud800-\udfff]/u.test(unit) && !/[\ud800-\udfff]/.test(unit);
}

/** Characters that no text holds: those for private use, then others that no case or trimming changes. */
function* freeUnits(texts: readonly string[]): Generator<string, undefined> {
  const isHeld = new Uint8Array(0x10000);
  for (const text of texts) for (let at = 0; at < text.length; at++) isHeld[text.charCodeAt(at)] = 1;
  for (const [first, last] of markRanges) {
    for (let code = first; code <= last; code++) if (isHeld[code] === 0) yield String.fromCharCode(code);
  }
}

/** For private use; Chinese characters; Hangul syllables. */
const markRanges = [
  [0xe000, 0xf8ff],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
] as const;

function takeFrom(free: Generator<string, undefined>): string {
  const unit = free.next().value;
  if (unit !== undefined) return unit;
  const message = 'The messages hold so many different characters that none is left to mark them with; leave some out.';
  throw new InferenceError('unsupported', message, { details: { field: 'prompt' } });
}

/** Any of some UTF-16 units, none of which is a surrogate. */
function anyOf(units: readonly string[]): RegExp {
  const codes = units.map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return units.length > 0 ? new RegExp(`[${codes.join('')}]`, 'g') : /(?!)/g;
}
