import { Writable } from 'node:stream';
import { createLogger } from './logger.js';

const stored = `mcli_${'a'.repeat(12)}_${'B'.repeat(49)}`;

describe.each(['json', 'pretty'] as const)('A log in the form %s', (format) => {
  it('holds no secret, wherever it stands', () => {
    const { log, written } = aLog(format);
    log.info(`a key ${stored} in a sentence`, {
      authorization: 'Bearer token-1',
      nested: { 'x-api-key': 'token-2', list: [stored, { prompt: 'private words' }] },
      cause: new Error(`failed with ${stored}`),
      plain: 'my-secret-key given at start',
    });
    expect(written()).toContain('in a sentence');
    for (const secret of [stored, 'token-1', 'token-2', 'private words', 'my-secret-key']) {
      expect(written()).not.toContain(secret);
    }
  });

  it('is one line for each entry', () => {
    const { log, written } = aLog(format);
    log.warn('first', { count: 1 });
    log.info('second');
    expect(written().trimEnd().split('\n')).toHaveLength(2);
  });
});

function aLog(format: 'json' | 'pretty') {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { log: createLogger({ format, stream, secrets: ['my-secret-key'] }), written: () => text };
}
