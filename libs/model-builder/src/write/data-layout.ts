import type { Weight } from '../passes/weight.js';
import type { Region } from './onnx-graph.js';

/** Where parts of the external data file start: pages, so that they can be mapped. */
const alignment = 4096;

/** What stands where in the data file that a build's graphs share. */
export class DataLayout {
  readonly #regions = new Map<string, Region>();
  readonly #weights = new Map<string, Weight>();
  #end = 0;

  /** What must be written into the data file. */
  get weights(): readonly Weight[] {
    return [...this.#weights.values()];
  }

  /** Bytes of the data file. */
  get bytes(): number {
    return this.#end;
  }

  /** A place for what has this name; the same one each time. */
  reserve(name: string, byteLength: number): Region {
    const known = this.#regions.get(name);
    if (known) return known;
    const region = { offset: Math.ceil(this.#end / alignment) * alignment, byteLength };
    this.#end = region.offset + byteLength;
    this.#regions.set(name, region);
    return region;
  }

  /** Asks for numbers to be written, once for each name. */
  write(weight: Weight): void {
    if (!this.#weights.has(weight.name)) this.#weights.set(weight.name, weight);
  }
}
