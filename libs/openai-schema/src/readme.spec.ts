import { readFileSync } from 'node:fs';
import { ChatCompletionRequest, parseRequest } from './index.js';

describe('The README', () => {
  it('says what its example prints', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const [, printed = ''] = /console\.log\(parsed\.body.*; \/\/ (.*)$/m.exec(readme) ?? [];

    const parsed = parseRequest(ChatCompletionRequest, {
      model: 'smollm2-135m-instruct',
      messages: [{ role: 'user', content: 'Hello', prefix: true }],
      temperature: 0,
    });

    expect(parsed.ok && `${parsed.body.messages.length} [ '${parsed.unknown.join("', '")}' ]`).toBe(printed);
  });
});
