import { LlamaCpp } from './llama-cpp.js';
import { findLibraries, packagesFor } from './native/find-libraries.js';
import type { NativeLibrary } from './native/native-library.js';
import { loadNativeLibrary } from './native/native-library.js';

export interface LoadLlamaCppOptions {
  /**
   * Packages to look for, the preferred first. One of them is used: each brings libraries for the processor, some for
   * GPUs as well. @default `packagesFor()`: those that exist for this platform, with a GPU first
   */
  readonly packages?: readonly string[] | undefined;
}

let loading: Promise<{ readonly library: NativeLibrary; readonly found: ReturnType<typeof findLibraries> }> | undefined;

/**
 * Loads llama.cpp's libraries, once for the process: a second call gives the same ones, whatever its options.
 *
 * A failed assertion inside the library ends the process. So run it in a process of its own when others depend on yours.
 *
 * @throws LlamaCppError `library_missing` · `unsupported_platform` · `incompatible_library`
 */
export async function loadLlamaCpp(options: LoadLlamaCppOptions = {}): Promise<LlamaCpp> {
  loading ??= load(options.packages ?? packagesFor());
  try {
    const { library, found } = await loading;
    return new LlamaCpp(library, found);
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

async function load(packages: readonly string[]): ReturnType<() => NonNullable<typeof loading>> {
  const found = findLibraries(packages);
  return { library: await loadNativeLibrary(found), found };
}
