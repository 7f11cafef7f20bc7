import type { TinyModel } from './tiny-model.js';

type Vector = Float64Array;

/**
 * The logits after each token of a text, computed in the plainest way: one position after the other, in double
 * precision, from the definition of the Llama family. For comparing with what a graph gives.
 */
export function referenceLogits(model: TinyModel, tokens: readonly number[]): Float64Array[] {
  const { layers, tiedEmbeddings } = model.options;
  const keys: Vector[][] = Array.from({ length: layers }, () => []);
  const values: Vector[][] = Array.from({ length: layers }, () => []);
  return tokens.map((token, position) => {
    const embedding = find(model, 'token_embd.weight');
    let stream: Vector = Float64Array.from(
      embedding.values.subarray(token * embedding.columns, (token + 1) * embedding.columns),
    );
    for (let layer = 0; layer < layers; layer++) {
      const block = `blk.${layer}`;
      const input = normalise(model, `${block}.attn_norm`, stream);
      const query = rotate(model, project(model, `${block}.attn_q`, input), position);
      keys[layer]?.push(rotate(model, project(model, `${block}.attn_k`, input), position));
      values[layer]?.push(project(model, `${block}.attn_v`, input));
      const attended = attend(model, query, keys[layer] ?? [], values[layer] ?? []);
      stream = sum(stream, project(model, `${block}.attn_output`, attended));
      const next = normalise(model, `${block}.ffn_norm`, stream);
      const up = project(model, `${block}.ffn_up`, next);
      const gated = project(model, `${block}.ffn_gate`, next).map(
        (x, i) => (x / (1 + Math.exp(-x))) * (up[i] as number),
      );
      stream = sum(stream, project(model, `${block}.ffn_down`, gated));
    }
    return project(model, tiedEmbeddings ? 'token_embd' : 'output', normalise(model, 'output_norm', stream));
  });
}

function find(model: TinyModel, name: string) {
  const tensor = model.tensors.get(name);
  if (!tensor) throw new Error(`The tiny model has no tensor ${name}.`);
  return tensor;
}

function project(model: TinyModel, name: string, input: Vector): Vector {
  const { rows, columns, values } = find(model, `${name}.weight`);
  const output = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let product = model.tensors.get(`${name}.bias`)?.values[row] ?? 0;
    for (let i = 0; i < columns; i++) product += (values[row * columns + i] as number) * (input[i] as number);
    output[row] = product;
  }
  return output;
}

function normalise(model: TinyModel, name: string, input: Vector): Vector {
  const weight = find(model, `${name}.weight`).values;
  const square = input.reduce((total, x) => total + x * x, 0) / input.length;
  return input.map((x, i) => (x / Math.sqrt(square + 1e-5)) * (weight[i] as number));
}

/** Turns the pairs (i, i + half) of every head. */
function rotate({ options }: TinyModel, input: Vector, position: number): Vector {
  const { headSize, rotaryBase, rotaryScale, rotaryDivisors } = options;
  const half = headSize / 2;
  return input.map((x, index) => {
    const within = index % headSize;
    const i = within % half;
    const angle = (position / rotaryScale / (rotaryDivisors?.[i] ?? 1)) * rotaryBase ** ((-2 * i) / headSize);
    const partner = within < half ? -(input[index + half] as number) : (input[index - half] as number);
    return x * Math.cos(angle) + partner * Math.sin(angle);
  });
}

function attend({ options }: TinyModel, query: Vector, keys: readonly Vector[], values: readonly Vector[]): Vector {
  const { heads, kvHeads, headSize } = options;
  const output = new Float64Array(heads * headSize);
  for (let head = 0; head < heads; head++) {
    const from = head * headSize;
    const shared = Math.floor(head / (heads / kvHeads)) * headSize;
    const scores = keys.map((key) => {
      let product = 0;
      for (let i = 0; i < headSize; i++) product += (query[from + i] as number) * (key[shared + i] as number);
      return product / Math.sqrt(headSize);
    });
    const largest = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - largest));
    const total = weights.reduce((a, b) => a + b, 0);
    for (const [at, value] of values.entries()) {
      for (let i = 0; i < headSize; i++) {
        output[from + i] =
          (output[from + i] as number) + ((weights[at] as number) / total) * (value[shared + i] as number);
      }
    }
  }
  return output;
}

function sum(a: Vector, b: Vector): Vector {
  return a.map((x, i) => x + (b[i] as number));
}
