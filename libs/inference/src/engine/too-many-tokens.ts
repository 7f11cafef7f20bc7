/** A text has more tokens than are of use. */
export class TooManyTokens extends Error {
  /** So many, or more. */
  readonly atLeast: number;

  constructor(atLeast: number) {
    super(`The text has ${atLeast} tokens or more.`);
    this.atLeast = atLeast;
  }
}
