/** Knows which models exist and where their files are. Does not load them. */
export interface ModelStore {
  list(): Promise<readonly ModelEntry[]>;
  /**
   * Local paths of a model's files, made or fetched first when missing.
   * @throws InferenceError `model_not_found`
   */
  resolve(id: string, options?: ResolveOptions): Promise<ModelFiles>;
}

export interface ModelEntry {
  /** The name by which requests choose the model. */
  readonly id: string;
  /** The file or folder that the model comes from. */
  readonly path: string;
  /** In bytes, when known. */
  readonly size?: number | undefined;
}

export interface ModelFiles {
  readonly id: string;
  /** What the runner opens. Absolute. */
  readonly path: string;
}

export interface ResolveOptions {
  /** Called while something is made or fetched. */
  readonly onProgress?: ((progress: ResolveProgress) => void) | undefined;
  /** Gives up; the reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

export interface ResolveProgress {
  /** What is being done, in a few words. */
  readonly step: string;
  /** 0 to 1, when known. */
  readonly fraction?: number | undefined;
}
