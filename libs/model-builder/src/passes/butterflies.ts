// Looked up once: a global is found slowly where code runs in a context of its own.
const { fround } = Math;

/** Sums and differences of runs of numbers in a memory of their own: the steps of a Hadamard transform. */
export interface Butterflies {
  /** What the steps work on. */
  readonly numbers: Float32Array;
  /** One step: with `a` and `b`, runs of `count` numbers from `start` and `start + count` on, (a, b) becomes (a + b, a - b). */
  pairs(start: number, count: number): void;
  /** Two steps at once over four runs of `count` numbers: pairs of neighbours, then pairs of every other one. */
  fours(start: number, count: number): void;
}

/**
 * Butterflies over `size` numbers. Where WebAssembly has vectors (processors with SSE4.1 or NEON) they take a sixth of the
 * time; the results are the same bits, each sum rounded to single precision. Runs have a multiple of 4 numbers.
 */
export function createButterflies(size: number): Butterflies {
  return createVectorButterflies(size) ?? createPlainButterflies(size);
}

/** Butterflies in WebAssembly; `undefined` where it isn't to be had. */
export function createVectorButterflies(size: number): Butterflies | undefined {
  try {
    const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyParts }).WebAssembly;
    const memory = new Memory({ initial: Math.ceil((size * 4) / pageBytes) });
    compiled ??= new Module(moduleBytes());
    const { pairs, fours } = new Instance(compiled, { own: { memory } }).exports;
    return {
      numbers: new Float32Array(memory.buffer, 0, size),
      pairs: (start, count) => pairs(start * 4, count * 4, (start + count) * 4),
      fours: (start, count) => fours(start * 4, count * 4, (start + count) * 4),
    };
  } catch {
    return undefined;
  }
}

export function createPlainButterflies(size: number): Butterflies {
  const x = new Float32Array(size);
  return {
    numbers: x,
    pairs(start, count) {
      for (let i = start; i < start + count; i++) {
        const a = x[i] as number;
        const b = x[i + count] as number;
        x[i] = a + b;
        x[i + count] = a - b;
      }
    },
    fours(start, count) {
      for (let i = start; i < start + count; i++) {
        const a = x[i] as number;
        const b = x[i + count] as number;
        const c = x[i + 2 * count] as number;
        const d = x[i + 3 * count] as number;
        const ab = fround(a + b);
        const cd = fround(c + d);
        const aLessB = fround(a - b);
        const cLessD = fround(c - d);
        x[i] = ab + cd;
        x[i + count] = aLessB + cLessD;
        x[i + 2 * count] = ab - cd;
        x[i + 3 * count] = aLessB - cLessD;
      }
    },
  };
}

const pageBytes = 65_536;
let compiled: object | undefined;

/** What is used of the global of this name, which Node's types leave out. */
interface WebAssemblyParts {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Record<'pairs' | 'fours', (start: number, bytes: number, end: number) => void> };
}

/**
 * A WebAssembly module, put together by hand: two functions `(start, bytes, end)` over the imported memory, each a loop over 16
 * bytes of every run until `start` is `end`. Source: https://webassembly.github.io/spec/core/binary/
 */
function moduleBytes(): Uint8Array {
  const [i32, v128] = [0x7f, 0x7b];
  const [start, bytes, end] = [0, 1, 2];
  const address = (run: number): number => 2 + run; // Of the runs behind the first: locals 3 to 5.
  const value = (index: number): number => 6 + index;
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const addressOf = (run: number) => get(run === 0 ? start : address(run));
  const load = (run: number) => [...addressOf(run), 0xfd, 0x00, 4, 0, ...set(value(run))];
  const add = (a: number, b: number) => [...get(value(a)), ...get(value(b)), 0xfd, 0xe4, 0x01];
  const subtract = (a: number, b: number) => [...get(value(a)), ...get(value(b)), 0xfd, 0xe5, 0x01];
  const store = (run: number, sum: readonly number[]) => [...addressOf(run), ...sum, 0xfd, 0x0b, 4, 0];
  const loop = (runs: number, step: readonly number[]) => {
    const others = Array.from({ length: runs - 1 }, (_, index) => index + 1);
    const place = (run: number) => [...addressOf(run - 1), ...get(bytes), 0x6a, ...set(address(run))];
    const body = [
      ...[2, 3, i32, 8, v128], // Locals: three numbers, eight vectors.
      ...[0x03, 0x40],
      ...others.flatMap(place),
      ...Array.from({ length: runs }, (_, run) => load(run)).flat(),
      ...step,
      ...[...get(start), 0x41, 16, 0x6a, 0x22, start, ...get(end), 0x49],
      ...[0x0d, 0, 0x0b, 0x0b],
    ];
    return [...length(body.length), ...body];
  };
  const pairs = loop(2, [...store(0, add(0, 1)), ...store(1, subtract(0, 1))]);
  const fours = loop(4, [
    ...[...add(0, 1), ...set(value(4)), ...add(2, 3), ...set(value(5))],
    ...[...subtract(0, 1), ...set(value(6)), ...subtract(2, 3), ...set(value(7))],
    ...store(0, add(4, 5)),
    ...store(1, add(6, 7)),
    ...store(2, subtract(4, 5)),
    ...store(3, subtract(6, 7)),
  ]);
  const section = (id: number, content: readonly number[]) => [id, ...length(content.length), ...content];
  const name = (text: string) => [text.length, ...Buffer.from(text)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, i32, i32, i32, 0]),
    ...section(2, [1, ...name('own'), ...name('memory'), 2, 0, 0]),
    ...section(3, [2, 0, 0]),
    ...section(7, [2, ...name('pairs'), 0, 0, ...name('fours'), 0, 1]),
    ...section(10, [2, ...pairs, ...fours]),
  ]);
}

/** A number below 2¹⁴ in as few bytes as it needs. */
function length(bytes: number): readonly number[] {
  return bytes < 128 ? [bytes] : [(bytes & 127) | 128, bytes >> 7];
}
