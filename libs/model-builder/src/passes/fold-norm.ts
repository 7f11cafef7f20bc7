/**
 * Moves an RMSNorm's weight into a matrix behind it: column `i` of each row is multiplied by `norm[i]`. With all
 * ones in its place the norm and the matrix together compute the same.
 */
export function foldNorm(matrix: Float32Array, norm: Float32Array): void {
  const columns = norm.length;
  for (let at = 0; at < matrix.length; at += columns) {
    for (let i = 0; i < columns; i++) matrix[at + i] = (matrix[at + i] as number) * (norm[i] as number);
  }
}
