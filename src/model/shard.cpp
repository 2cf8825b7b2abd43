#include <hones/base/error.hpp>
#include <hones/model/shard.hpp>

namespace hones::model {

Range Shard::part_of(std::int64_t all) const {
  return {all * rank() / size(), all * (rank() + 1) / size()};
}

Range Shard::kv_heads(const checkpoint::DecoderConfig& config) const {
  HONES_ASSERT(config.kv_heads >= size(), std::to_string(config.kv_heads) + " key/value heads over " +
                                              std::to_string(size()) + " shards");
  return part_of(config.kv_heads);
}

Range Shard::heads(const checkpoint::DecoderConfig& config) const {
  const Range groups = kv_heads(config);
  const std::int64_t group = config.heads / config.kv_heads;
  return {groups.begin * group, groups.end * group};
}

Range Shard::ffn(const checkpoint::DecoderConfig& config) const {
  return part_of(config.intermediate_size);
}

Range Shard::vocabulary(const checkpoint::DecoderConfig& config) const {
  return part_of(config.vocab_size);
}

}  // namespace hones::model
