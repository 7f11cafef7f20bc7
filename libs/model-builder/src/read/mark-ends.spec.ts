import { markEnds } from './mark-ends.js';

const [normal, control, userDefined, unused] = [1, 3, 4, 5] as const;

describe('markEnds', () => {
  it.each([normal, control, userDefined, unused])('ends at the known texts whatever their type, such as %d', (type) => {
    const tokens = ['a', '<|im_end|>', '<|eot_id|>', '<|end|>', '<end_of_turn>'];
    const { tokenTypes, endTokens } = markEnds({ tokens, tokenTypes: [normal, type, type, type, type], ...nothing });

    expect(endTokens).toEqual([1, 2, 3, 4]);
    expect(tokenTypes).toEqual([normal, control, control, control, control]);
  });

  it('leaves text that merges put together common, unless the file marks it', () => {
    const tokens = ['</s>', '<EOT>', '<eos>'];
    const merges = ['</ s>', '<EO T>', '<eo s>'];

    expect(markEnds({ tokens, merges, tokenTypes: [normal, control, userDefined], ...nothing })).toEqual({
      tokenTypes: [normal, control, control],
      endTokens: [1, 2],
    });
  });

  it('marks what the file names as start or end, when it looks like markup', () => {
    const tokens = ['<s>', '[END]', ',', '<b>'];
    const tokenTypes = [normal, normal, normal, normal];

    expect(markEnds({ tokens, tokenTypes, starts: [0], ends: [1, 2, undefined] })).toEqual({
      tokenTypes: [control, control, normal, normal],
      endTokens: [1, 2],
    });
  });
});

const nothing = { starts: [undefined], ends: [undefined] };
