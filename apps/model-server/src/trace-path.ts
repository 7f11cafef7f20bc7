import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { ServerConfig } from './config.js';
import type { CatalogModel } from './model-catalog.js';
import { StartError } from './start-error.js';

/** Where a model's trace is written: the file that was asked for; with several models, one beside it for each. */
export function tracePath(
  model: Pick<CatalogModel, 'id'>,
  models: readonly unknown[],
  { trace }: Pick<ServerConfig, 'trace'>,
): string | undefined {
  if (trace === undefined || models.length === 1) return trace;
  const end = extname(trace);
  return `${trace.slice(0, trace.length - end.length)}.${model.id.replace(/[^\w.-]+/g, '-')}${end}`;
}

/**
 * Empties the files that traces are written to: engines that are started again go on with them.
 *
 * @throws StartError `usage` when one can't be written
 */
export function clearTraces(models: readonly Pick<CatalogModel, 'id'>[], config: Pick<ServerConfig, 'trace'>): void {
  for (const model of models) {
    const path = tracePath(model, models, config);
    try {
      if (path !== undefined) writeFileSync(path, '');
    } catch (error) {
      throw new StartError('usage', `--trace: ${path} can't be written.`, { cause: error });
    }
  }
}
