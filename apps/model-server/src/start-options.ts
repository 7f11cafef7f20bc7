export { splitList } from './split-list.js';

/** One option of `mcli model start`: how it is read and what help says of it. */
export interface StartOption {
  /** How yargs reads the flag. */
  readonly kind: 'boolean' | 'string' | 'number' | 'list';
  readonly describe: string;
  /** In help, for a default that is worked out. */
  readonly defaultText?: string;
}

/**
 * Every option by its flag's name. Each has an environment twin `MCLI_<NAME_IN_CAPITALS>` and the same key
 * in `config.json`.
 */
export const startOptions = {
  'openai-compatible': { kind: 'boolean', describe: 'Serve the OpenAI API, with API keys' },
  model: {
    kind: 'list',
    describe: 'Embedded model id, or path of a GGUF file; may repeat',
    defaultText: 'smollm2-135m-instruct',
  },
  'model-id': { kind: 'string', describe: 'The id of a single --model PATH', defaultText: "the file's name" },
  engine: {
    kind: 'string',
    describe: 'What runs the models: auto, onnx or llama.cpp',
    defaultText: 'auto: llama.cpp for GGUF files where it is installed, else onnx',
  },
  'gpu-layers': {
    kind: 'string',
    describe: "Layers that llama.cpp computes on GPUs, or 'auto' for as many as fit",
    defaultText: 'auto',
  },
  host: { kind: 'string', describe: 'Address to listen on', defaultText: 'localhost' },
  port: { kind: 'number', describe: 'Port to listen on; 0 takes a free one', defaultText: '51234' },
  'api-key': {
    kind: 'list',
    describe:
      'Accept this key; may repeat, commas are part of it. It shows in the process list; MCLI_API_KEY and --api-key-file do not',
  },
  'api-key-file': { kind: 'string', describe: 'Accept the keys in this file, one a line' },
  'no-first-key': { kind: 'boolean', describe: 'Make no first key when there is none' },
  slots: { kind: 'number', describe: 'Generations that run at once', defaultText: '8, fewer when memory is short' },
  context: {
    kind: 'number',
    describe: 'Tokens a generation may hold',
    defaultText: "the model's, less when memory is short",
  },
  threads: { kind: 'number', describe: 'Threads that compute', defaultText: 'one for each physical core' },
  'kv-cache-mb': {
    kind: 'number',
    describe: 'Memory for the KV cache, in MiB',
    defaultText: 'a quarter of what is free',
  },
  queue: { kind: 'number', describe: 'Generations that may wait for a slot', defaultText: '64' },
  'no-loop-guard': { kind: 'boolean', describe: 'Let generations repeat themselves without end' },
  drafts: {
    kind: 'boolean',
    describe: 'Prompt lookup with llama.cpp too: faster for text that repeats itself, near ties may fall otherwise',
    defaultText: 'on with onnx, off with llama.cpp',
  },
  'no-drafts': { kind: 'boolean', describe: 'Write token by token, without prompt lookup' },
  'rate-limit': {
    kind: 'string',
    describe: "Requests an address may make, such as 10/min, or 'off'",
    defaultText: '10/min on a public address, off on loopback',
  },
  'trusted-proxy': {
    kind: 'list',
    describe: 'Believe the X-Forwarded-For of these: loopback, a network such as 10.0.0.0/8, or a number of proxies',
    defaultText: 'none',
  },
  'allowed-host': { kind: 'list', describe: 'Accept this name in the Host header, beside localhost' },
  'cors-origin': {
    kind: 'list',
    describe: 'Let pages of this origin call the API from a browser (localhost: of any port here)',
  },
  'body-limit': { kind: 'string', describe: 'Largest request body', defaultText: '20mb' },
  'strict-params': { kind: 'boolean', describe: 'Refuse request fields that are not known' },
  trace: { kind: 'string', describe: 'Write a Chrome trace of requests and steps to this file' },
  'engine-log': { kind: 'boolean', describe: "Log what llama.cpp's library says, as debug lines" },
  'log-format': { kind: 'string', describe: 'json or pretty', defaultText: 'pretty on a terminal, else json' },
} as const satisfies Record<string, StartOption>;

export type StartOptionName = keyof typeof startOptions;
