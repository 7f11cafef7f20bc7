/**
 * Sizes in flags, logs and errors are in MiB: 1,048,576 bytes.
 *
 * @param bytes any number of them
 * @returns not rounded
 */
export function mebibytes(bytes: number): number {
  return bytes / bytesPerMebibyte;
}

/** For the way back. */
export const bytesPerMebibyte = 1_048_576;
