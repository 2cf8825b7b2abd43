#include "app/settings/neuron_set.hpp"

#include <gtest/gtest.h>

#include "support/scratch.hpp"

namespace hones::settings {
namespace {

TEST(NeuronSet, ColumnsInAnyPlaceMoreAreIgnored) {
  const test::Scratch scratch;
  const auto file =
      scratch.write("set.csv", "rank,neuron,layer,importance\r\n1,5,0,0.25\r\n\n2,343,11,nan\n");
  EXPECT_EQ(read_neuron_set(file), (std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 5}, {11, 343}}));
  EXPECT_TRUE(read_neuron_set(scratch.write("none.csv", "layer,neuron\n")).empty());
}

TEST(NeuronSet, WhatIsWrongIsNamedWithItsLine) {
  const test::Scratch scratch;
  const auto line = [&](const char* text) {
    return test::data_error([&] { read_neuron_set(scratch.write("set.csv", text)); });
  };
  EXPECT_NAMES(line("layer,index\n1,2\n"), "set.csv:1: no column neuron: expected columns layer,neuron");
  EXPECT_NAMES(line(""), "set.csv:1: no column layer");
  EXPECT_NAMES(line("layer,neuron\n1,2\n3,-4\n"), "set.csv:3: \"-4\": expected an index, counted from 0");
  EXPECT_NAMES(line("layer,neuron\n1\n"), "set.csv:2: \"\": expected an index");
  EXPECT_NAMES(line("layer,neuron\n1.5,2\n"), "set.csv:2: \"1.5\"");
  EXPECT_NAMES(test::data_error([&] { read_neuron_set(scratch.path() / "gone.csv"); }), "gone.csv");
}

}  // namespace
}  // namespace hones::settings
