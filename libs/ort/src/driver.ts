import type { OperatorRun, Runtime, SessionOptions, SharedWeights, ValueInfo, WeightPlace } from './runtime.js';
import type { Tensor } from './tensor.js';

/**
 * What each kind of runtime must provide below the lifecycle, checks and errors that all kinds share (`managed-*.ts`). A driver may
 * rely on being called in order: no call after `release`, no `bind` during a run, no two runs of one binding at a time.
 */
export interface RuntimeDriver extends Pick<Runtime, 'kind' | 'version' | 'capabilities'> {
  /** Zeroed memory, whose offset in its buffer is a multiple of 8. */
  allocate(byteLength: number): Uint8Array;
  createSession(model: string | Uint8Array, options: ResolvedSessionOptions): Promise<SessionDriver>;
  /** `undefined` when this kind can't. Lives until `release`. */
  shareWeights(path: string, weights: readonly WeightPlace[]): SharedWeights | undefined;
  release(): Promise<void>;
}

export interface SessionDriver {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  createBinding(): BindingDriver;
  /** Not during a run. Nothing when nothing was measured, or is measured any more. */
  endProfile(): Promise<readonly OperatorRun[]>;
  release(): Promise<void>;
}

export interface BindingDriver {
  /** Must keep the tensor referenced until it is replaced or released. */
  bind(direction: Direction, name: string, tensor: Tensor): void;
  /** Settles when nothing touches the memory any more. After an abort it may resolve or reject. */
  run(signal: AbortSignal | undefined): Promise<void>;
  release(): void;
}

export type Direction = 'input' | 'output';

/** Session options with every default filled in and every option that is a configuration entry among the entries. */
export interface ResolvedSessionOptions {
  readonly threads: number;
  readonly memoryArena: boolean;
  readonly optimize: NonNullable<SessionOptions['optimize']>;
  readonly entries: Readonly<Record<string, string>>;
  readonly profile: boolean;
  /** What this driver's `shareWeights` gave. */
  readonly weights?: SharedWeights | undefined;
}
