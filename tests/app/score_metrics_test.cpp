#include <gtest/gtest.h>

#include <hones/benchmark/score.hpp>

#include "app/settings/setting.hpp"

namespace hones::settings {
namespace {

// The description lists what --metric may be; the room that scores lists what it can.
TEST(ScoreMetrics, AreThoseOfTheCatalogue) {
  EXPECT_EQ(find("score.metric")->choices, benchmark::score_metrics());
}

}  // namespace
}  // namespace hones::settings
