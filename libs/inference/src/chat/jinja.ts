import * as jinja from '@huggingface/jinja';

/** A node of a parsed template. */
export interface TemplateNode {
  readonly type: string;
}

/** A value while a template runs. */
export interface TemplateValue {
  readonly type: string;
  value: unknown;
  toString(): string;
}

/** The variables of a template. */
export interface TemplateEnvironment {
  /** Declares a variable and returns its value in the engine's form. */
  set(name: string, value: unknown): TemplateValue;
}

interface TemplateEngine {
  run(program: TemplateNode): TemplateValue;
  evaluate(node: TemplateNode | undefined, environment: TemplateEnvironment): TemplateValue;
}

/** The parts of the template engine that are used here; its own types can't be resolved from ES modules. */
export const { Environment, Interpreter, tokenize, parse } = jinja as unknown as {
  readonly Environment: new () => TemplateEnvironment;
  readonly Interpreter: new (environment: TemplateEnvironment) => TemplateEngine;
  readonly tokenize: (source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }) => unknown;
  readonly parse: (tokens: unknown) => TemplateNode;
};
