import type { ModelCard } from '@mcli/inference';
import { modelNotFound } from '../api-error.js';
import type { RequestContext } from '../endpoint.js';
import { maySee } from '../principal.js';

/** The models that the caller sees. */
export async function visibleModels({ backend, principal }: RequestContext): Promise<readonly ModelCard[]> {
  return (await backend.models()).filter(({ id }) => maySee(principal, id));
}

/** @throws ApiError `model_not_found`: there is no such model, or not for this caller */
export async function findModel(id: string, context: RequestContext): Promise<ModelCard> {
  const card = (await visibleModels(context)).find((model) => model.id === id);
  if (card === undefined) throw modelNotFound(id);
  return card;
}
