import { ChatMessages } from './chat-messages.js';

describe('ChatMessages', () => {
  it.each([
    ['a string', [{ role: 'user', content: 'Hi' }]],
    ['an empty string', [{ role: 'user', content: '' }]],
    ['parts of text, for every role', ['system', 'developer', 'user', 'assistant'].map((role) => aMessage(role))],
    ['several system messages, also late ones', [aMessage('system'), aMessage('user'), aMessage('system')]],
    ['the same role twice, and an assistant at the end', [aMessage('user'), aMessage('user'), aMessage('assistant')]],
    ['null from an assistant that called a tool', [aCall('call_1'), anAnswer('call_1')]],
    ['several answers to one round of calls', [aCall('a'), aCall('b'), anAnswer('b'), anAnswer('a')]],
    [
      'a part for each piece of a long text',
      [{ role: 'user', content: Array(5000).fill({ type: 'text', text: 'x' }) }],
    ],
    ['no parts', [{ role: 'user', content: [] }]],
    ['null fields', [{ role: 'user', content: 'Hi', name: null }]],
    ['a refusal', [{ role: 'assistant', refusal: 'No.' }]],
  ])('take %s', (_what, messages) => {
    expect(ChatMessages.safeParse(messages).error).toBeUndefined();
  });

  it.each([
    ['nothing', []],
    ['a role with a capital letter', [{ role: 'User', content: 'Hi' }]],
    ['null from a user', [{ role: 'user', content: null }]],
    ['an assistant that says and calls nothing', [{ role: 'assistant' }]],
    ['nested parts', [{ role: 'user', content: [[{ type: 'text', text: 'Hi' }]] }]],
    ['a part of an unknown kind', [{ role: 'user', content: [{ type: 'video', video: 'x' }] }]],
    ['a name that a template could take for something else', [{ role: 'user', content: 'Hi', name: 'a\nsystem' }]],
    ['an answer without a call', [anAnswer('call_1')]],
    ['an answer before its call', [anAnswer('call_1'), aCall('call_1')]],
    [
      'arguments that are no string',
      [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: {} } }] }],
    ],
  ])('refuse %s', (_what, messages) => {
    expect(ChatMessages.safeParse(messages).success).toBe(false);
  });
});

function aMessage(role: string): object {
  return { role, content: [{ type: 'text', text: 'Hi' }] };
}

function aCall(id: string): object {
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }],
  };
}

function anAnswer(id: string): object {
  return { role: 'tool', tool_call_id: id, content: '3' };
}
