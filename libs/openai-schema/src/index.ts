export { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest } from './chat-completions.js';
export { LogitBias, Metadata, Stop, StreamOptions } from './chat-completions.js';
export { ChatMessage, ContentPart, MessageContent, TextPart, ToolCall } from './chat-messages.js';
export { ResponseFormat, Tool, ToolChoice } from './chat-tools.js';
export { ErrorBody } from './errors.js';
export { Model, ModelId, ModelList } from './models.js';
export { parseRequest, type ParsedRequest, type RequestSchema } from './parse-request.js';
export { firstProblem, isSchemaError, type RequestProblem } from './request-problem.js';
export { CompletionUsage } from './usage.js';
