import { inspect } from 'node:util';
import { generateKey } from './key-format.js';
import { INFERENCE_SCOPES } from './scopes.js';
import { createStaticKeys } from './static-keys.js';

describe('static keys', () => {
  it('are accepted with every inference scope and all models', async () => {
    const keys = createStaticKeys(['first', 'second']);
    expect(await keys.verify('second')).toEqual({
      ok: true,
      caller: { id: 'static-2', rootId: 'static-2', scopes: INFERENCE_SCOPES, models: null },
      record: null,
    });
  });

  it('can be one character or two hundred, and hold spaces within', async () => {
    for (const key of ['x', 'y'.repeat(200), 'a key with spaces', '~!@#$%^&*()']) {
      expect(await createStaticKeys([key]).verify(key)).toMatchObject({ ok: true });
    }
  });

  it.each([
    ['missing', undefined],
    ['missing', ''],
    ['unknown', 'firs'],
    ['unknown', 'firstt'],
    ['unknown', 'First'],
    ['malformed', 'first\n'],
    ['malformed', 'x'.repeat(201)],
  ] as const)('say %s for %j', async (reason, credential) => {
    expect(await createStaticKeys(['first']).verify(credential)).toEqual({ ok: false, reason });
  });

  it('count once when given twice', async () => {
    const keys = createStaticKeys(['a', 'a', 'b']);
    expect(await keys.verify('b')).toMatchObject({ caller: { id: 'static-2' } });
  });

  it('accept nothing when there is none', async () => {
    expect(await createStaticKeys([]).verify('anything')).toEqual({ ok: false, reason: 'unknown' });
  });

  it.each([
    '',
    ' x',
    'x'.repeat(201),
    'ä',
    'a\nb',
    'mcli_anything',
    generateKey('inference').key,
    generateKey('admin').key,
  ])('are not %j, and the refusal does not repeat it', (key) => {
    const make = () => createStaticKeys(['good-one', key]);
    expect(make).toThrow(TypeError);
    expect(make).toThrow('Static key 2');
    if (key.length > 2) expect(make).not.toThrow(key);
  });

  it('stand nowhere in the verifier', () => {
    expect(inspect(createStaticKeys(['hush-hush']), { depth: 9, showHidden: true })).not.toContain('hush-hush');
  });
});
