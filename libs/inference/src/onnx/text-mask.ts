/**
 * Marks what clients wrote: characters that control tokens are made of are replaced one by one by characters that
 * no text of the conversation holds, so that lengths and places stay and no control token can be made of them.
 */
export class TextMask {
  /** Characters other than letters, digits and spaces: masked wherever they stand. */
  readonly #marks: ReadonlySet<string>;
  readonly #masked = new Map<string, string>();
  readonly #plain = new Map<string, string>();
  /** Control tokens made of letters only: their first character is masked where they occur. */
  readonly #words: readonly string[];

  constructor(controls: readonly string[], held: readonly string[]) {
    const isMark = (unit: string) => /[^\p{L}\p{N}\s"'\\\ud800-\udfff]/u.test(unit) && !/[\ud800-\udfff]/.test(unit);
    const marksOf = (text: string) => text.split('').filter(isMark);
    this.#words = controls.filter((text) => text !== '' && marksOf(text).length === 0);
    const units = new Set([...controls.flatMap(marksOf), ...this.#words.map((word) => word.charAt(0))]);
    this.#marks = new Set(controls.flatMap(marksOf));
    const taken = new Set(held.join('').split(''));
    let point = 0xe000; // for private use, then others that no case or trimming changes
    for (const unit of units) {
      while (taken.has(String.fromCharCode(point))) point = point === 0xf8ff ? 0x4e00 : point + 1;
      const mask = String.fromCharCode(point);
      taken.add(mask);
      this.#masked.set(unit, mask);
      this.#plain.set(mask, unit);
    }
  }

  hide(text: string): string {
    const units = text.split('');
    for (const word of this.#words) {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        units[at] = this.#masked.get(word.charAt(0)) as string;
      }
    }
    return units.map((unit) => (this.#marks.has(unit) ? this.#masked.get(unit) : unit)).join('');
  }

  lift(text: string): string {
    return text
      .split('')
      .map((unit) => this.#plain.get(unit) ?? unit)
      .join('');
  }
}
