/**
 * Loads optional peers, and says what to install when they aren't there.
 *
 * @param packages what is needed, as npm takes it
 * @throws Error naming the packages
 */
export async function importPeers<T>(load: () => Promise<T>, packages = '@mcli/ort @mcli/model-builder'): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    if (!missing) throw cause;
    throw new Error(`To run models, @mcli/inference needs: npm install ${packages}`, { cause });
  }
}
