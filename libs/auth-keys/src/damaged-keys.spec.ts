import { damagedKeys } from './damaged-keys.js';

describe('damagedKeys', () => {
  it('names those that are damaged and not revoked yet', () => {
    const records = [
      { id: 'good', revokedAt: null },
      { id: 'bad', revokedAt: null, damaged: 'its scopes are no list' },
      { id: 'over', revokedAt: 1, damaged: 'its scopes are no list' },
    ];
    expect(damagedKeys(records)).toEqual([{ id: 'bad', damaged: 'its scopes are no list' }]);
  });
});
