import type { Endpoint } from '../endpoint.js';
import { createChatCompletion } from './chat-completions.js';
import { listModels, retrieveModel } from './models.js';

/** All routes of the API. */
export const endpoints: readonly Endpoint[] = [listModels, retrieveModel, createChatCompletion];
