import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { OrtError } from '../ort-error.js';

const fileNames: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'libonnxruntime.so.1',
  darwin: 'libonnxruntime.1.dylib',
  win32: 'onnxruntime.dll',
};

/**
 * Where `onnxruntime-node` keeps the shared library for this machine.
 *
 * @throws OrtError `library_missing` when that package is not installed, `unsupported_platform` when it has no library for this machine.
 */
export function libraryPath(): string {
  let root: string;
  try {
    root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  } catch (cause) {
    throw new OrtError(
      'library_missing',
      'The package onnxruntime-node is not installed; run `npm install onnxruntime-node`.',
      { cause },
    );
  }
  const { platform, arch } = process;
  const fileName = fileNames[platform];
  const path = fileName && join(root, 'bin', 'napi-v6', platform, arch, fileName);
  if (!path || !existsSync(path)) throw unsupportedPlatform();
  return path;
}

/** The one sentence for machines without a library. */
export function unsupportedPlatform(cause?: unknown): OrtError {
  const { platform, arch } = process;
  const libc = platform === 'linux' && !hasGlibc() ? ' with a C library other than glibc (musl, as in Alpine)' : '';
  return new OrtError(
    'unsupported_platform',
    `ONNX Runtime has no library for ${platform} ${arch}${libc}: it runs on Linux x64 and arm64 with glibc, on macOS arm64 and on Windows x64 and arm64.`,
    cause === undefined ? undefined : { cause },
  );
}

/** Whether this Linux has the C library that ONNX Runtime's library needs. */
export function hasGlibc(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime !== undefined;
}
