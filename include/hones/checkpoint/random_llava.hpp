// A LLaVA checkpoint of a given shape with random weights: for measuring speed, its answers mean nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hones::checkpoint {

struct RandomShape {
  std::int64_t layers = 8;
  std::int64_t heads = 16;
  std::int64_t dim = 512;           // hidden size, a multiple of 2 * heads
  std::int64_t ffn = 1376;          // d_ff
  std::int64_t image_tokens = 576;  // a square number
};

// "layers=8,heads=16,dim=512,ffn=1376,image_tokens=576"; what is left out stays as above. Throws UsageError
// naming the part that is wrong and what was expected.
RandomShape parse_shape(const std::string& text);

// Writes an ordinary checkpoint folder (float32). Tokenizer, vocabulary and picture preparation are those of
// the LLaVA checkpoint `lender`, the vision tower is small, weights follow from the seed. The rows of the
// end-of-answer tokens in the head are zero, so that no answer ends before its limit. Throws DataError for a
// lender that is none.
void write_random_llava(const std::filesystem::path& folder, const RandomShape& shape,
                        const std::filesystem::path& lender, std::uint64_t seed);

}  // namespace hones::checkpoint
