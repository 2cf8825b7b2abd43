#include <hones/checkpoint/flops.hpp>

namespace hones::checkpoint {

DecoderFlops::DecoderFlops(const DecoderConfig& config) : layers(config.layers) {
  const auto D = static_cast<double>(config.hidden_size);
  const auto queries = static_cast<double>(config.heads * config.head_dim);
  q = 2 * D * queries;
  kv = 4 * D * static_cast<double>(config.kv_heads * config.head_dim);
  o = q;
  ffn = 6 * D * static_cast<double>(config.intermediate_size);
  pair = 4 * queries;
  head = 2 * D * static_cast<double>(config.vocab_size);
}

double DecoderFlops::through(std::int64_t begin, std::int64_t end) const {
  const auto a = static_cast<double>(begin), b = static_cast<double>(end);
  const double pairs = (b * (b + 1) - a * (a + 1)) / 2;
  return static_cast<double>(layers) * ((b - a) * position() + pairs * pair);
}

double DecoderFlops::generation(std::int64_t prompt, std::int64_t answer) const {
  return through(0, prompt + answer - 1) + static_cast<double>(answer) * head;
}

}  // namespace hones::checkpoint
