import { lacksMemory, reasonOf } from './reason-of.js';

describe('reasonOf', () => {
  it.each([
    [
      "unknown model architecture: 'strange'",
      [
        "llama_model_load: error loading model: unknown model architecture: 'strange'",
        'llama_model_load_from_file_impl: failed to load model',
      ],
    ],
    [
      "invalid magic characters: 'No m', expected 'GGUF'",
      [
        "gguf_init_from_reader: invalid magic characters: 'No m', expected 'GGUF'",
        'llama_model_load: error loading model: llama_model_loader: failed to load model from /home/me/secret.gguf',
        'llama_model_load_from_file_impl: failed to load model',
      ],
    ],
    [
      'failed to initialize the context: n_ctx == 0',
      ['llama_init_from_model: failed to initialize the context: n_ctx == 0'],
    ],
    ['llama.cpp gave no reason', []],
    ['llama.cpp gave no reason', ['llama_model_load_from_file_impl: failed to load model']],
  ])('finds what says why: %s', (reason, problems) => {
    expect(reasonOf(problems)).toBe(reason);
  });
});

describe('lacksMemory', () => {
  it.each([
    ['ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 68719476736', true],
    ['llama_init_from_model: failed to initialize the context: failed to allocate buffer for kv cache', true],
    ['alloc_tensor_range: failed to allocate CPU buffer of size 100', true],
    ['llama_model_load: error loading model: unable to allocate CPU buffer', true],
    ['ggml_vulkan: Device memory allocation of size 9 failed. ErrorOutOfDeviceMemory: out of memory', true],
    ["llama_model_load: error loading model: unknown model architecture: 'allocator'", false],
    ['llama_model_load_from_file_impl: failed to load model', false],
  ])('%s', (line, expected) => {
    expect(lacksMemory(['warn: something before', line])).toBe(expected);
  });
});
