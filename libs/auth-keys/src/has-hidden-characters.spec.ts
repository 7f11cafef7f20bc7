import { hasHiddenCharacters } from './has-hidden-characters.js';

describe('hasHiddenCharacters', () => {
  it.each([
    'laptop',
    'Jürgen’s',
    '日本語の名前',
    'العربية',
    'עברית',
    'می‌خواهم',
    '🔑',
    '❤️',
    '👩‍💻',
    '👩🏽‍💻',
    '🏳️‍🌈',
    '🇯🇵',
    '1️',
  ])('finds none in %j', (text) => expect(hasHiddenCharacters(text)).toBe(false));

  it.each([
    '\u0000',
    '\n',
    '\u007f',
    '\u009b',
    '\u00ad',
    '\u061c',
    '\u115f',
    '\u200b',
    '\u200c',
    '\u200d',
    '\u200e',
    '\u200f',
    '\u2028',
    '\u2029',
    '\u202a',
    '\u202e',
    '\u2060',
    '\u2066',
    '\u2069',
    '\u3164',
    '\ufe0f',
    '\ufeff',
    '\ud800',
    '\u{e0041}',
  ])('finds %j between letters', (hidden) => {
    expect(hasHiddenCharacters(`admin${hidden}tset`)).toBe(true);
  });
});
