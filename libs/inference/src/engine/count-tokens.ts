import type { StepItem } from './scheduler.js';

export interface StepCounts {
  /** Tokens of prompts. */
  readonly readTokens: number;
  /** Tokens that are computed to write: the one written last of each writer, and the drafts behind it. */
  readonly writeRows: number;
  /** Those of them that are drafts. */
  readonly draftTokens: number;
}

/** What a step computes, all sequences together. */
export function countTokens(step: readonly StepItem[]): StepCounts {
  let [readTokens, writeRows, draftTokens] = [0, 0, 0];
  for (const { kind, tokens, drafts } of step) {
    if (kind === 'read') readTokens += tokens.length;
    else writeRows += tokens.length + drafts.length;
    draftTokens += drafts.length;
  }
  return { readTokens, writeRows, draftTokens };
}
