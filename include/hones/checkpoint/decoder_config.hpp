// Shape and constants of a LLaMA-style decoder, whatever family it belongs to (docs/models.md 2.3). No
// tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hones::checkpoint {

struct DecoderConfig {
  std::int64_t vocab_size = 32000;
  std::int64_t hidden_size = 4096;         // D
  std::int64_t intermediate_size = 11008;  // F, d_ff
  std::int64_t layers = 32;                // L
  std::int64_t heads = 32;                 // H, query heads
  std::int64_t kv_heads = 32;              // KV
  std::int64_t head_dim = 128;             // Dh
  double rms_norm_eps = 1e-6;
  double rope_theta = 1e4;
  // Pairs of channels that each position axis turns, in the order of axes; they add up to Dh / 2. Empty: one
  // axis turns all (mRoPE has three: time, height, width).
  std::vector<std::int64_t> rope_sections;
  std::int64_t max_position_embeddings = 2048;
  bool qkv_bias = false;
  bool tied = false;  // the head is the embedding

  std::int64_t axes() const { return rope_sections.empty() ? 1 : std::ssize(rope_sections); }
};

// What every family's configuration has.
struct ModelConfig {
  DecoderConfig text;
  std::string dtype;  // "float16", "bfloat16", "float32" as the file says; empty where it does not
  std::vector<std::int64_t> eos_ids{2};  // generation_config.json first, then text_config, then 2
  std::string model_type;                // "llava"
};

}  // namespace hones::checkpoint
