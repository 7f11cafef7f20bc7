"""Makes logits.json: what the reference implementation gives for the tiny models of src/testing/tiny-model.ts.

Run with: pip install torch==2.6.0 transformers==5.23.0 && python make-logits.py
"""

import json
import pathlib

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

HEADS, KV_HEADS, HEAD_SIZE, HIDDEN, FEED_FORWARD, VOCABULARY = 4, 2, 16, 64, 96, 264
TOKENS = [1, 97, 200, 3, 44, 262, 17, 5, 130, 97, 2, 31]
POSITIONS = [0, 5, 11]

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    name, kind = name.rsplit(".", 1)
    if name.startswith("model.layers."):
        _, _, layer, rest = name.split(".", 3)
        return f"blk.{layer}.{NAMES[rest]}.{kind}"
    return f"{NAMES[name]}.{kind}"


def noise(seed, name, count):
    start = 0x811C9DC5 ^ seed
    for byte in name.encode():
        start = ((start ^ byte) * 0x01000193) & 0xFFFFFFFF
    bits = (np.arange(count, dtype=np.uint64) + start) & 0xFFFFFFFF
    bits = ((bits ^ (bits >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    bits = ((bits ^ (bits >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return (bits ^ (bits >> 16)).astype(np.float64) / 2**32 - 0.5


def values(name, shape):
    count = int(np.prod(shape))
    scale = 1.0 if len(shape) == 1 or name == "token_embd.weight" else float(np.sqrt(12 / shape[1]))
    middle = 1.0 if name.endswith("norm.weight") else 0.0
    return torch.tensor((middle + noise(1, name, count) * scale).astype(np.float32)).reshape(shape)


def logits(config, kind):
    model = kind(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(values(gguf_name(name), tuple(parameter.shape)))
        found = model(torch.tensor([TOKENS])).logits[0, POSITIONS]
    inverse = model.model.rotary_emb.inv_freq
    plain = 1.0 / 10000.0 ** (torch.arange(0, HEAD_SIZE, 2) / HEAD_SIZE)
    return {
        "logits": [[float(f"{x:.6g}") for x in row] for row in found.tolist()],
        "frequencyDivisors": [float(f"{x:.7g}") for x in (plain / inverse).tolist()],
    }


def config(kind, **more):
    rope = {"rope_type": "default", "rope_theta": 10000.0, **more.pop("rope", {})}
    settings = dict(
        hidden_size=HIDDEN,
        intermediate_size=FEED_FORWARD,
        num_hidden_layers=2,
        num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS,
        vocab_size=VOCABULARY,
        max_position_embeddings=256,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        rope_parameters=rope,
        attn_implementation="eager",
    )
    return kind(**{**settings, **more})


LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}

cases = {
    "llama": logits(config(LlamaConfig), LlamaForCausalLM),
    "llama with a head of its own": logits(config(LlamaConfig, tie_word_embeddings=False), LlamaForCausalLM),
    "llama with biases": logits(config(LlamaConfig, attention_bias=True), LlamaForCausalLM),
    "llama with linear scaling": logits(
        config(LlamaConfig, rope={"rope_type": "linear", "factor": 4.0}), LlamaForCausalLM
    ),
    "llama 3.1 scaling": logits(config(LlamaConfig, rope=LLAMA3), LlamaForCausalLM),
    "qwen2": logits(config(Qwen2Config), Qwen2ForCausalLM),
}
path = pathlib.Path(__file__).with_name("logits.json")
path.write_text(json.dumps({"tokens": TOKENS, "positions": POSITIONS, "cases": cases}, separators=(",", ":")) + "\n")
