import { InferenceError } from '../errors.js';
import { packError, unpackError } from './error-transfer.js';

describe('errors between processes', () => {
  it('keep class, code, details, stack and causes of an InferenceError', () => {
    const cause = Object.assign(new RangeError('inner'), { code: 'bad_offset' });
    const error = new InferenceError('overloaded', 'full', { details: { retryAfter: 2 }, cause });
    const copy = transfer(error);

    expect(InferenceError.isInstance(copy)).toBe(true);
    expect(copy).toMatchObject({
      name: 'InferenceError',
      code: 'overloaded',
      message: 'full',
      details: { retryAfter: 2 },
    });
    expect(copy.stack).toBe(error.stack);
    expect(copy.cause).toMatchObject({ name: 'RangeError', message: 'inner', code: 'bad_offset' });
  });

  it('keep the field that a request was refused for', () => {
    const copy = transfer(new InferenceError('invalid_request', 'no', { details: { field: 'logitBias' } }));
    expect(copy).toMatchObject({ code: 'invalid_request', details: { field: 'logitBias' } });
  });

  it('keep name, message, code and details of other errors', () => {
    const copy = transfer(Object.assign(new TypeError('no'), { code: 'invalid_model', details: { offset: 7 } }));
    expect(copy).toMatchObject({ name: 'TypeError', message: 'no', code: 'invalid_model', details: { offset: 7 } });
    expect(InferenceError.isInstance(copy)).toBe(false);
  });

  it('survive what is no error, what cannot be cloned, and endless causes', () => {
    expect(transfer('just text').message).toBe('just text');
    expect(transfer(undefined).message).toBe('undefined');
    expect(transfer({}).message).toBe('Something that is no error was thrown.');
    expect(transfer(Object.assign(new Error('x'), { details: { call: () => 1 } })).message).toBe('x');
    const endless = new Error('round');
    endless.cause = endless;
    expect(transfer(endless).message).toBe('round');
  });
});

function transfer(error: unknown): Error {
  return unpackError(structuredClone(packError(error)));
}
