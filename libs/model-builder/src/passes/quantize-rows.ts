// Looked up once: a global is found slowly where code runs in a context of its own.
const { abs } = Math;

/** A matrix `[columns, width]` that is filled a few columns at a time. */
export interface RowsTarget {
  /** Unsigned numbers are 128 more. */
  readonly transposed: Int8Array | Uint8Array;
  readonly width: number;
  readonly scales: Float32Array;
}

/**
 * Rounds each row of a matrix `[rows, columns]` to 8 bits with one scale: `value ≈ int8 * scale`, so that the row's
 * largest magnitude is 127. The rows become columns `first` to `first + rows` of `transposed`, as ONNX's matmuls want
 * them; `scales[first + row]` is the row's scale.
 */
export function quantizeRows(matrix: Float32Array, columns: number, target: RowsTarget, first: number): void {
  const { transposed, width, scales } = target;
  const zero = transposed instanceof Uint8Array ? 0 : 128;
  const rows = matrix.length / columns;
  const inverses = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let at = row * columns; at < (row + 1) * columns; at++) {
      const magnitude = abs(matrix[at] as number);
      if (magnitude > largest) largest = magnitude;
    }
    scales[first + row] = largest / 127;
    inverses[row] = largest > 0 ? 127 / largest : 0;
  }
  for (let tile = 0; tile < rows; tile += 64) {
    const end = Math.min(rows, tile + 64);
    for (let column = 0; column < columns; column++) {
      const to = column * width + first;
      for (let row = tile; row < end; row++) {
        const value = (matrix[row * columns + column] as number) * (inverses[row] as number);
        transposed[to + row] = ((value + 128.5) | 0) - zero; // Rounds: above zero, cutting off is rounding down.
      }
    }
  }
}
