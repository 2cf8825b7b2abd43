// FLOPs against sums over positions and products, written out.
#include <gtest/gtest.h>

#include <hones/checkpoint/flops.hpp>

namespace hones::checkpoint {
namespace {

DecoderConfig grouped() {
  DecoderConfig config;
  config.vocab_size = 50;
  config.hidden_size = 24;
  config.intermediate_size = 40;
  config.layers = 3;
  config.heads = 6;
  config.kv_heads = 2;
  config.head_dim = 5;
  return config;
}

// A product of [1, in] and [in, out].
double product(double in, double out) {
  return 2 * in * out;
}

TEST(Flops, SumOverPositionsLayersAndProducts) {
  const DecoderConfig config = grouped();
  double one_by_one = 0;
  for (int position = 4; position < 11; ++position) {
    for (int layer = 0; layer < 3; ++layer) {
      one_by_one += product(24, 30) + 2 * product(24, 10) + product(30, 24);  // q, k and v, o
      one_by_one += 2 * product(24, 40) + product(40, 24);                    // gate and up, down
      for (int head = 0; head < 6; ++head)  // scores of all it sees, and their sum of values
        one_by_one += product(5, position + 1) + product(position + 1, 5);
    }
  }
  EXPECT_DOUBLE_EQ(DecoderFlops(config).through(4, 11), one_by_one);
}

TEST(Flops, AnAnswersLastIdIsReadAndNotFed) {
  const DecoderFlops cost(grouped());
  EXPECT_DOUBLE_EQ(cost.generation(7, 1), cost.through(0, 7) + product(24, 50));
  EXPECT_DOUBLE_EQ(cost.generation(7, 4), cost.through(0, 10) + 4 * product(24, 50));
}

}  // namespace
}  // namespace hones::checkpoint
