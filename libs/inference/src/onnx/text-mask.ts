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
 * @returns a mask for a conversation, from all texts that it holds, the template's among them
 */
export function createTextMasks(controls: readonly string[]): (held: readonly string[]) => TextMask {
  const marks = new Set(controls.flatMap((text) => text.split('').filter(isMark)));
  /** Control tokens made of letters only: their first character is masked where they occur. */
  const words = controls.filter((text) => text !== '' && !text.split('').some(isMark));
  const units = [...new Set([...marks, ...words.map((word) => word.charAt(0))])];
  const markPattern = anyOf([...marks]);

  return (held) => {
    const masked = new Map<string, string>();
    let point = 0xe000; // for private use, then others that no case or trimming changes
    for (const unit of units) {
      while (held.some((text) => text.includes(String.fromCharCode(point)))) point = next(point);
      masked.set(unit, String.fromCharCode(point));
      point = next(point);
    }
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

function next(point: number): number {
  return point === 0xf8ff ? 0x4e00 : point + 1;
}

/** Any of some UTF-16 units, none of which is a surrogate. */
function anyOf(units: readonly string[]): RegExp {
  const codes = units.map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return units.length > 0 ? new RegExp(`[${codes.join('')}]`, 'g') : /(?!)/g;
}
