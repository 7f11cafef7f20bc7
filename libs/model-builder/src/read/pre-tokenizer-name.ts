/** Names that mean the very same way to cut text. Source: llama.cpp, `llama-vocab.cpp`. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  'llama-bpe': ['llama3', 'llama-v3', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2', 'jina-v5-nano'],
  'smaug-bpe': ['dbrx'],
  smollm: ['starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'],
  qwen2: ['stablelm2', 'hunyuan', 'deepseek-r1-qwen', 'kormo', 'f2llmv2', 'megrez'],
  'gpt-2': [
    'mpt',
    'olmo',
    'trillion',
    'phi-2',
    'jina-es',
    'jina-de',
    'jina-v1-en',
    'jina-v2-es',
    'jina-v2-de',
    'jina-v2-code',
    'roberta-bpe',
    'gigachat',
    'a.x-4.0',
    'mellum',
  ],
};

const canonical = new Map(Object.entries(aliases).flatMap(([name, others]) => others.map((other) => [other, name])));

/** The one name of a pre-tokenizer that files know by several; any other name as it stands. */
export function preTokenizerName(name: string): string {
  return canonical.get(name) ?? name;
}
