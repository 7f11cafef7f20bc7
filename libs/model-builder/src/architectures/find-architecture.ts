import { ModelBuildError } from '../model-build-error.js';
import type { GgufFile } from '../read/gguf-file.js';
import type { GraphBuilder } from '../write/graph-builder.js';
import type { GraphPlan } from './llama.js';
import { buildLlama } from './llama.js';
import type { ModelShape } from './model-shape.js';
import { readModelShape } from './model-shape.js';

/** One kind of model: adds its graph and weights to a builder. */
type BuildArchitecture = (graph: GraphBuilder, file: GgufFile, shape: ModelShape, plan: GraphPlan) => Promise<void>;

const architectures: Readonly<Record<string, BuildArchitecture>> = {
  llama: (graph, file, shape, plan) => buildLlama(graph, file, shape, { rotaryPairs: 'side by side' }, plan),
  qwen2: (graph, file, shape, plan) => buildLlama(graph, file, shape, { rotaryPairs: 'in halves' }, plan),
};

export interface Architecture {
  readonly shape: ModelShape;
  /** Adds the model's nodes and weights. */
  build(graph: GraphBuilder, plan: GraphPlan): Promise<void>;
}

/** @throws ModelBuildError `unsupported_architecture`, `invalid_gguf` */
export function findArchitecture(file: GgufFile): Architecture {
  const name = file.metadata.text('general.architecture');
  if (name === undefined) throw new ModelBuildError('invalid_gguf', `${file.label}: general.architecture is missing`);
  const build = Object.hasOwn(architectures, name) ? architectures[name] : undefined;
  if (!build) {
    throw new ModelBuildError(
      'unsupported_architecture',
      `${file.label}: models of the kind '${name}' are not supported; these are: ${Object.keys(architectures).join(', ')}`,
    );
  }
  const shape = readModelShape(file, name);
  return { shape, build: (graph, plan) => build(graph, file, shape, plan) };
}
