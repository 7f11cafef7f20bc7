import { jest } from '@jest/globals';
import { findLibraries, packagesFor } from './find-libraries.js';
import { hasKnownLibc } from './has-known-libc.js';

const onLinux = process.platform === 'linux';
if (!onLinux) console.log('Skipped: only Linux has several C libraries.');

(onLinux ? describe : describe.skip)('Linux without glibc', () => {
  afterEach(() => jest.restoreAllMocks());

  it('is told that there are no libraries for it, whatever is installed', () => {
    expect(hasKnownLibc()).toBe(true);
    jest.spyOn(process.report, 'getReport').mockReturnValue({ header: {} });
    expect(hasKnownLibc()).toBe(false);
    expect(() => findLibraries(packagesFor())).toThrow(
      expect.objectContaining({
        code: 'unsupported_platform',
        message: expect.stringMatching(
          /C library other than glibc \(musl, as in Alpine\): it runs on Linux with glibc/,
        ),
      }),
    );
  });
});
