"""Makes src/golden-tokens.json anew, with the reference implementation of the tokenizer (PyPI: tokenizers, gguf).

python apps/models-e2e/make-golden-tokens.py
"""

import json
from pathlib import Path

from gguf import GGUFReader
from tokenizers import Tokenizer, models, pre_tokenizers

here = Path(__file__).parent
fields = GGUFReader(here / "../../libs/model-smollm2/model/SmolLM2-135M-Instruct.Q4_1.gguf").fields
vocabulary = {token: id for id, token in enumerate(fields["tokenizer.ggml.tokens"].contents())}
merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
    [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
)
texts = [
    "Hello, world!",
    "What is the capital of France?",
    " leading space",
    "trailing space ",
    "two\n\nlines\n",
    "tabs\tand\r\nreturns",
    "1234567890 3.14159 2026-11-23",
    "don't we'll I'm they're it's you'd I've",
    "DON'T SHOUT",
    "Größe, naïve, Çağrı",
    "кириллица и Ελληνικά",
    "你好，世界。こんにちは",
    "👩‍👩‍👧‍👦 🤷🏽‍♂️ ✨",
    "def f(x):\n    return x**2  # square\n",
    "for (let i = 0; i < 10; i++) { console.log(`${i}`); }",
    '{"key": [1, 2.5, null, true]}',
    "https://example.org/path?query=value&other=%20#fragment",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "   \n   \n   ",
    "zero\u200bwidth\u00a0space",
    "other digits:  ٣٤ and ½ of m², १२३ Ⅷ ㊿",
]
cases = [{"text": text, "tokens": tokenizer.encode(text).ids} for text in texts]
(here / "src/golden-tokens.json").write_text(json.dumps(cases, ensure_ascii=False, separators=(",", ":")) + "\n")
