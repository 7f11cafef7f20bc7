import { parseList } from './parse-list.js';
import { UsageError } from './report-error.js';

describe('parseList', () => {
  it('takes repeated values and commas, with spaces around', () => {
    expect(parseList(['a, b', 'c'], '--models')).toEqual(['a', 'b', 'c']);
    expect(parseList(undefined, '--models')).toBeUndefined();
  });

  it.each([[['']], [[' ']], [[',']], [['a,']], [['a', '']], [['a,,b']]])('refuses %j, naming the flag', (values) => {
    expect(() => parseList(values, '--models')).toThrow(UsageError);
    expect(() => parseList(values, '--models')).toThrow(/^--models has an empty value/);
  });
});
