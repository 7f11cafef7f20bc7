/** What a contract needs of a test framework; Jest's and Vitest's functions fit. */
export interface TestTools {
  it(title: string, test: () => Promise<void>): unknown;
  expect(actual: unknown): Expectation;
}

export interface Expectation {
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
  readonly rejects: { toMatchObject(expected: object): Promise<void> };
}
