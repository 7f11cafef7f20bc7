/**
 * Where each row of a q or k matrix goes so that rotary pairs, stored side by side (2i, 2i+1), become the two halves
 * of a head (i, i + rotarySize/2). Row `r` of the source becomes row `result[r]`; dimensions of a head beyond
 * `rotarySize`, which are not rotated, stay.
 */
export function rotaryRows(heads: number, headSize: number, rotarySize: number): Uint32Array {
  const rows = new Uint32Array(heads * headSize);
  for (let row = 0; row < rows.length; row++) {
    const within = row % headSize;
    const to = within < rotarySize ? (within >> 1) + (within & 1) * (rotarySize / 2) : within;
    rows[row] = row - within + to;
  }
  return rows;
}
