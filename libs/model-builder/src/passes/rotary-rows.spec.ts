import { rotaryRows } from './rotary-rows.js';

describe('rotaryRows', () => {
  it('moves pairs that stand side by side into the two halves of their head', () => {
    expect([...rotaryRows(2, 8, 8)]).toEqual([0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]);
  });

  it('leaves alone what is not rotated', () => {
    expect([...rotaryRows(1, 8, 4)]).toEqual([0, 2, 1, 3, 4, 5, 6, 7]);
  });
});
