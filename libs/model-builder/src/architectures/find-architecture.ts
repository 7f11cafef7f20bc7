import { ModelBuildError } from '../model-build-error.js';
import type { GgufFile } from '../read/gguf-file.js';
import { nameSome } from '../read/name-some.js';
import type { OnWarning } from '../read/on-warning.js';
import type { GraphBuilder } from '../write/graph-builder.js';
import type { GraphPlan } from './llama.js';
import { buildLlama } from './llama.js';
import type { ModelShape } from './model-shape.js';
import { readModelShape } from './model-shape.js';
import { isNeedless, UsedTensors } from './used-tensors.js';

/** One kind of model: adds its graph and weights to a builder. */
type BuildArchitecture = (graph: GraphBuilder, file: GgufFile, shape: ModelShape, plan: GraphPlan) => void;

const architectures: Readonly<Record<string, BuildArchitecture>> = {
  llama: (graph, file, shape, plan) => buildLlama(graph, file, shape, { rotaryPairs: 'side by side' }, plan),
  qwen2: (graph, file, shape, plan) => buildLlama(graph, file, shape, { rotaryPairs: 'in halves' }, plan),
};

export interface Architecture {
  readonly shape: ModelShape;
  /**
   * Adds the model's nodes and weights.
   * @throws ModelBuildError `invalid_gguf`; `unsupported_architecture` when the file has tensors that the graph doesn't use:
   *   without them it would be another model
   */
  build(graph: GraphBuilder, plan: GraphPlan): void;
}

/** @throws ModelBuildError `unsupported_architecture`, `invalid_gguf` */
export function findArchitecture(file: GgufFile, onWarning: OnWarning): Architecture {
  const name = file.metadata.text('general.architecture');
  if (name === undefined) throw new ModelBuildError('invalid_gguf', `${file.label}: general.architecture is missing`);
  const build = Object.hasOwn(architectures, name) ? architectures[name] : undefined;
  if (!build) {
    throw new ModelBuildError(
      'unsupported_architecture',
      `${file.label}: models of the kind '${name}' are not supported; these are: ${Object.keys(architectures).join(', ')}`,
    );
  }
  const shape = readModelShape(file, name, onWarning);
  const needless = [...file.tensors.keys()].filter(isNeedless);
  if (needless.length > 0) onWarning(`Tensors that follow from the metadata are left out: ${nameSome(needless)}.`);
  return {
    shape,
    build: (graph, plan) => {
      const tensors = new UsedTensors(file.tensors);
      build(graph, { ...file, tensors }, shape, plan);
      const [first, ...more] = tensors.unused();
      if (first === undefined) return;
      const others = more.length > 0 ? ` (and ${more.length} more)` : '';
      throw new ModelBuildError(
        'unsupported_architecture',
        `${file.label}: has the tensor ${first}${others}, which is no part of the models of the kind '${name}' that are supported`,
      );
    },
  };
}
