"""Makes dequantized.json: random blocks of each format, and what gguf's own code reads from them (float32, base64).

Run with: pip install gguf==0.19.0 && python make-dequantized.py
"""

import base64
import json
import pathlib

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

# Where half-precision scales stand in a block; they get sensible values, so that no block has infinities.
SCALES = {
    "F32": [],
    "F16": [],
    "BF16": [],
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
}

random = np.random.default_rng(42)
cases = {}
for name, scales in SCALES.items():
    kind = GGMLQuantizationType[name]
    block_size, block_bytes = GGML_QUANT_SIZES[kind]
    blocks = max(3, 32 // block_size)
    stored = random.integers(0, 256, (blocks, block_bytes), dtype=np.uint8)
    if block_size == 1:
        plain = random.normal(size=blocks).astype(np.float32)
        stored = quants.quantize(plain, kind).view(np.uint8).reshape(blocks, block_bytes)
    for at in scales:
        stored[:, at : at + 2] = random.normal(size=(blocks, 1)).astype(np.float16).view(np.uint8)
    found = quants.dequantize(stored.reshape(-1), kind)
    cases[name] = {
        "bytes": base64.b64encode(stored.tobytes()).decode(),
        "values": base64.b64encode(found.astype("<f4").tobytes()).decode(),
    }
path = pathlib.Path(__file__).with_name("dequantized.json")
path.write_text(json.dumps(cases, indent=2) + "\n")
