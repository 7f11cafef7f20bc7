export type { Admit, Estimate, Settle, Settlement } from './admit.js';
export {
  ApiError,
  type ApiErrorCode,
  type ApiErrorOptions,
  apiErrorCodes,
  modelNotFound,
  toApiError,
} from './api-error.js';
export type { EndpointId } from './endpoint.js';
export { allowAnyone, type Authenticate, type AuthVerdict, type Principal, type RequestOrigin } from './principal.js';
export { assignRequestId, requestIdOf } from './request-id.js';
export type { RequestReport } from './request-report.js';
export { createOpenAIRouter } from './router.js';
export type { OpenAIRouterOptions } from './router-options.js';
export { answerError, answerUnknownUrl, errorCodeOf, sendApiError } from './send-api-error.js';
