import { strftime } from './strftime.js';

describe('strftime', () => {
  const at = new Date(2026, 0, 4, 15, 6, 7);

  it('writes a time as the C locale does', () => {
    expect(strftime('%S %I %p %y %j %a %e %F', at)).toBe('07 03 PM 26 004 Sun  4 2026-01-04');
    expect(strftime('%-d %B %G-W%V %U %W %% %Q', at)).toBe('4 January 2026-W01 01 00 % %Q');
  });
});
