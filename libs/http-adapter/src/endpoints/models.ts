import type { ModelCard } from '@mcli/inference';
import type { Model, ModelList } from '@mcli/openai-schema';
import { defineEndpoint } from '../endpoint.js';
import { findModel, visibleModels } from './find-model.js';

export const listModels = defineEndpoint({
  method: 'GET',
  path: '/models',
  scope: 'models:read',

  async handle(_body, context) {
    const body: ModelList = { object: 'list', data: (await visibleModels(context)).map(toModel) };
    return { kind: 'json', body };
  },
});

export const retrieveModel = defineEndpoint({
  method: 'GET',
  path: '/models/{id}',
  scope: 'models:read',

  async handle(_body, context) {
    return { kind: 'json', body: toModel(await findModel(context.params['id'] ?? '', context)) };
  },
});

function toModel({ id, created, contextLength, engine, status = 'ready' }: ModelCard): Model {
  return { id, object: 'model', created, owned_by: 'mcli', context_length: contextLength, engine, status };
}
