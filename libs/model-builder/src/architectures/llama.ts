import { rotaryRows } from '../passes/rotary-rows.js';
import type { GgufFile } from '../read/gguf-file.js';
import type { MatmulForm, Recipe } from '../recipes.js';
import type { GraphBuilder } from '../write/graph-builder.js';
import type { GraphRole } from './attention.js';
import { addAttention } from './attention.js';
import { addLinear } from './linear.js';
import type { Part } from './linear.js';
import { addActivation, addMatrix, lookUp, multiply } from './matmul.js';
import type { ModelShape } from './model-shape.js';
import { findTensor } from './model-shape.js';
import { addNorm } from './norm.js';
import { addRotaryTables } from './rotary-tables.js';
import { TokenRows } from './token-rows.js';

/** What tells one member of the family from another. */
export interface LlamaTraits {
  /** How the file stores the rows of q and k that are rotated together. */
  readonly rotaryPairs: 'side by side' | 'in halves';
}

/** One graph of a build. */
export interface GraphPlan {
  readonly recipe: Recipe;
  readonly role: GraphRole;
}

/**
 * The graph of the Llama family: pre-norm, grouped-query attention with rotary positions, gated feed-forward.
 *
 * (1) Outside attention every token is a row of one matrix: a matmul over `[batch, 1, …]` would be computed as `batch`
 * matmuls of one row, slower and rounded otherwise than one of `batch` rows. (2) Attention keeps its cache in the
 * buffers bound as past and present. (3) What only the wanted logits need, from the last layer's projection on, is
 * computed for the rows in `logit_positions` alone. (4) With rotation, norms have no weights of their own: they are
 * folded into the matrices behind them. (5) Values are rotated head by head, which attention doesn't notice, and turned back by
 * the projection behind it.
 */
export function buildLlama(
  graph: GraphBuilder,
  file: GgufFile,
  shape: ModelShape,
  traits: LlamaTraits,
  { recipe, role }: GraphPlan,
): void {
  const { heads, kvHeads, headSize, hiddenSize, feedForwardSize, vocabularySize } = shape;
  const forms = role === 'read' ? { ...recipe, ...recipe.reading } : recipe;
  const rotation = recipe.rotate ? hiddenSize : undefined;
  const headRotation = recipe.rotate ? headSize : undefined; // (5)
  const tensor = (name: string, rows: number, columns: number) => findTensor(file, `${name}.weight`, rows, columns);
  const reads = (name: string, rows: number, norm: string): Part => ({
    name,
    tensor: tensor(name, rows, hiddenSize),
    ...(rotation ? { norm: tensor(norm, 1, hiddenSize), turnInput: rotation } : {}),
  });
  const writes = (name: string, columns: number): Part => ({
    name,
    tensor: tensor(name, hiddenSize, columns),
    turnOutput: rotation,
  });

  const tokens = graph.input({ name: 'input_ids', type: 'int64', shape: ['batch', 'sequence'] });
  const wanted = graph.input({ name: 'logit_positions', type: 'int64', shape: ['rows', 2] });
  graph.output({ name: 'logits', type: 'float32', shape: ['rows', vocabularySize] });
  const rotary = addRotaryTables(graph, file, shape);
  let tokenRows = 'tokens';
  const round = (value: string, columns: number, form: MatmulForm) =>
    addActivation(graph, value, { columns, form, rows: tokenRows, stack: role === 'write' });
  const normalise = (name: string, stream: string, branch: string | undefined, weight: string) =>
    addNorm(graph, name, stream, branch, rotation ? undefined : tensor(weight, 1, hiddenSize), shape); // (4)

  const table = { tensor: tensor('token_embd', vocabularySize, hiddenSize), turnInput: rotation };
  const embedding = addMatrix(graph, 'token_embd.weight', [table], recipe.embedding);
  const rows = new TokenRows(graph, tokens);
  let residual = lookUp(graph, 'embedding', rows.flatten('token_rows', tokens), embedding); // (1)
  graph.describe({ name: residual, type: 'float32', shape: ['tokens', hiddenSize] });
  let branch: string | undefined;

  for (let layer = 0; layer < shape.layers; layer++) {
    const block = `blk.${layer}`;
    const rotated = (name: string, count: number): Part => ({
      ...reads(`${block}.${name}`, count * headSize, `${block}.attn_norm`),
      order:
        traits.rotaryPairs === 'side by side'
          ? { size: headSize, to: rotaryRows(count, headSize, shape.rotarySize) }
          : undefined,
    });
    const before = normalise(`${block}.attention_input`, residual, branch, `${block}.attn_norm`);
    residual = before.sum;
    const packed = addLinear(graph, file, `${block}.attn_qkv`, round(before.normed, hiddenSize, forms.attention), [
      rotated('attn_q', heads),
      rotated('attn_k', kvHeads),
      { ...reads(`${block}.attn_v`, kvHeads * headSize, `${block}.attn_norm`), turnOutput: headRotation },
    ]);
    let attention = addAttention(graph, { shape, role, layer, rows, rotary }, packed); // (2)
    if (layer === shape.layers - 1) {
      const gather = (value: string, columns: number, name: string): string => {
        graph.node('GatherND', name, [rows.unflatten(`${name}.sequences`, value, columns), wanted]);
        return graph.describe({ name, type: 'float32', shape: ['rows', columns] });
      };
      attention = gather(attention, heads * headSize, `${block}.attention_wanted`); // (3)
      residual = gather(residual, hiddenSize, `${block}.residual_wanted`);
      tokenRows = 'rows';
    }
    const mixed = round(attention, heads * headSize, forms.branch);
    const projected = addLinear(graph, file, `${block}.attn_output`, mixed, [
      { ...writes(`${block}.attn_output`, heads * headSize), turnInput: headRotation },
    ]);
    const after = normalise(`${block}.ffn_input`, residual, projected, `${block}.ffn_norm`);
    residual = after.sum;
    const input = round(after.normed, hiddenSize, forms.feedForward);
    const [gate, up] = (['ffn_gate', 'ffn_up'] as const).map((name) =>
      addLinear(graph, file, `${block}.${name}`, input, [
        reads(`${block}.${name}`, feedForwardSize, `${block}.ffn_norm`),
      ]),
    ) as [string, string];
    const active = graph.node('QuickGelu', `${block}.ffn_active`, [gate], { alpha: { float: 1 } }, 'com.microsoft');
    const gated = graph.node('Mul', `${block}.ffn_gated`, [active, up]);
    branch = addLinear(graph, file, `${block}.ffn_down`, round(gated, feedForwardSize, forms.branch), [
      writes(`${block}.ffn_down`, feedForwardSize),
    ]);
  }

  const last = normalise('head_input', residual, branch, 'output_norm');
  const own = file.tensors.has('output.weight');
  const head =
    own || rotation || forms.head !== recipe.embedding
      ? addMatrix(
          graph,
          own ? 'output.weight' : 'head.weight',
          [reads(own ? 'output' : 'token_embd', vocabularySize, 'output_norm')],
          forms.head,
        )
      : embedding;
  multiply(graph, 'logits', round(last.normed, hiddenSize, forms.head), head);
}
