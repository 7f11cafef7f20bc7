import type { Direction, ResolvedSessionOptions } from '../driver.js';
import type { ValueInfo } from '../runtime.js';
import type { Tensor } from '../tensor.js';

/**
 * What the worker can be asked for, as method → [parameters, result]. Sessions and bindings have numbers, chosen by whoever asks.
 * The worker answers in the order of the requests.
 */
export interface WorkerMethods {
  version: [Record<string, never>, string];
  load: [
    { session: number; model: string | Uint8Array; options: ResolvedSessionOptions },
    { inputs: readonly ValueInfo[]; outputs: readonly ValueInfo[] },
  ];
  bind: [
    {
      binding: number;
      direction: Direction;
      name: string;
      /** Tells which tensors have the same memory, which a worker cannot see. */
      memory: string;
      /** In shared memory. */
      tensor: Tensor;
    },
    undefined,
  ];
  unbind: [{ binding: number }, undefined];
  run: [{ session: number; binding: number }, undefined];
  close: [{ session: number }, undefined];
}

export type WorkerMethod = keyof WorkerMethods;

/** One request as it travels. */
export type WorkerRequest = {
  [Method in WorkerMethod]: { id: number; method: Method; parameters: WorkerMethods[Method][0] };
}[WorkerMethod];

/** Its answer: a result, or the text of what went wrong. */
export type WorkerReply = { id: number; result?: unknown; error?: string };
