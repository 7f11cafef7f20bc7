import type { IntegerWeights } from '@mcli/ort';
import type { recipes } from './recipes.js';

/** How a model's matrices and its cache are stored: the name of a recipe. */
export type WeightsForm = keyof typeof recipes;

/** Forms with an 8-bit cache, whose scales are learned from texts. */
export type CalibratedForm = {
  [Form in WeightsForm]: (typeof recipes)[Form]['cache'] extends 'int8' ? Form : never;
}[WeightsForm];

/** What is built unless told otherwise. */
export const defaultForm: WeightsForm = 'int8-row';

/** Changes whenever the same source would give another graph, other weights or another tokenizer file. */
export const builderVersion = 10;

/** What a runner needs to know of a built model. Kept as `manifest.json`, written last. */
export interface ModelManifest {
  /** The `builderVersion` of the package that made the build. */
  readonly builderVersion: number;
  /** What `buildKey` gave for the source and how its weights are stored. */
  readonly key: string;
  /** The source's `general.architecture`. */
  readonly architecture: string;
  /** The model's name, when its file has one. */
  readonly name?: string | undefined;
  readonly layers: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads. */
  readonly kvHeads: number;
  /** Numbers of one head's key or value. */
  readonly headSize: number;
  readonly hiddenSize: number;
  /** Tokens, and logits of a row. */
  readonly vocabularySize: number;
  /** Most positions of a sequence: so far reach the rotary tables. The file's number, 262,144 at most. */
  readonly contextLength: number;
  readonly weights: WeightsForm;
  /** What 8-bit matrices with a scale a row are stored as: what the machine that built multiplies exactly. */
  readonly integers: IntegerWeights;
  /** How keys and values are kept. */
  readonly cache: 'float32' | 'int8';
  /**
   * Whether a row's result is bit by bit the same for one token and for several, alone and in a batch, when the
   * graph that writes computes it.
   */
  readonly exactRows: boolean;
  /** The graphs' file names in the build's folder. With a float32 cache `write` reads as well. */
  readonly graphs: { readonly write: string; readonly read?: string | undefined };
  /** The 8-bit matrices that both graphs multiply with: sessions over the two can share how they are packed. */
  readonly matrices: readonly ModelMatrix[];
  /** The file name of the `TokenizerDescription`. */
  readonly tokenizer: string;
  /** All files beside the manifest, with their sizes in bytes. */
  readonly files: Readonly<Record<string, number>>;
  /** The file that this was made from. */
  readonly source: { readonly file: string; readonly sizeBytes: number };
  /** When the build was made, in Unix seconds. */
  readonly created: number;
  /**
   * What the model's file says wrongly of itself and was put right, a sentence each; kept here so that it is known whenever
   * the build is loaded. May quote texts of the file as they stand there.
   */
  readonly warnings: readonly string[];
  /** What the model's file recommends, when it does. */
  readonly recommendedSampling?: RecommendedSampling | undefined;
}

/** An 8-bit matrix in the data file. */
export interface ModelMatrix {
  /** The graphs' name for it. */
  readonly name: string;
  readonly type: IntegerWeights;
  readonly shape: readonly number[];
  /** Where it starts, in bytes. */
  readonly offset: number;
}

/** Sampling settings that a model's authors recommend. */
export interface RecommendedSampling {
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  readonly minP?: number | undefined;
  readonly repetitionPenalty?: number | undefined;
}
