import { parseDuration } from './duration.js';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['2s', 2000],
    ['3m', 180_000],
    ['1h', 3_600_000],
    ['90d', 7_776_000_000],
    ['2w', 1_209_600_000],
  ])('reads %s', (text, expected) => expect(parseDuration(text, '--expires')).toBe(expected));

  it.each(['', '5', 'd', '-1d', '0d', '1.5h', '1y', '9999999999d'])("refuses '%s'", (text) => {
    expect(() => parseDuration(text, '--expires')).toThrow(/^--expires takes a number and ms, s, m, h, d or w/);
  });
});
