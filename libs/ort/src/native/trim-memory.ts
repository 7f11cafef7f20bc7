/**
 * Gives memory that was freed back to the system, where the C library would keep it: what is only needed while a
 * model is loaded would stay resident. Does nothing without glibc. Takes a few milliseconds.
 *
 * @see https://man7.org/linux/man-pages/man3/malloc_trim.3.html
 */
export function createTrimMemory(koffi: Pick<typeof import('koffi'), 'load'>): () => void {
  try {
    const trim = koffi.load(null).func('malloc_trim', 'int', ['size_t']);
    return () => void trim(0);
  } catch {
    return () => undefined;
  }
}
