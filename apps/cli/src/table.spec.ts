import { table } from './table.js';

describe('table', () => {
  it('pads every column but the last to its widest cell', () => {
    expect(
      table([
        ['A', 'B'],
        ['long', 'x'],
        ['s', ''],
      ]),
    ).toBe('A     B\nlong  x\ns     ');
  });

  it.each([
    ['wide letters', '日本語', 6],
    ['an emoji', '🔑', 2],
    ['an emoji of several', '👩‍💻', 2],
    ['a flag', '🇯🇵', 2],
    ['an accent of its own', 'e\u0301', 1],
    ['Korean', '한글', 4],
  ])('counts %s as wide as a terminal shows it', (_, cell, width) => {
    expect(
      table([
        ['ten letter', 'x'],
        [cell, 'x'],
      ]),
    ).toBe(`ten letter  x\n${cell}${' '.repeat(12 - width)}x`);
  });

  it.each([
    ['a direction mark', 'a\u202eb', 'a\\u{202e}b'],
    ['nothing visible', 'a\u200bb', 'a\\u{200b}b'],
    ['a command for the terminal', '\u001b[2J', '\\u{1b}[2J'],
    ['a line break', 'a\nb', 'a\\u{a}b'],
  ])('shows %s as its code', (_, cell, shown) => {
    expect(table([[cell, 'x']])).toBe(`${shown}  x`);
  });
});
