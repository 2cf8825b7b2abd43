#include "app/neuron_set.hpp"

#include <gtest/gtest.h>

#include "support/scratch.hpp"

namespace hones::app {
namespace {

TEST(NeuronSet, ColumnsInAnyPlaceMoreAreIgnored) {
  const test::Scratch scratch;
  const auto file =
      scratch.write("set.csv", "rank,neuron,layer,importance\r\n1,5,0,0.25\r\n\n2,343,11,nan\n");
  EXPECT_EQ(read_neuron_set(file), (NeuronSet{{0, 5}, {11, 343}}));
}

TEST(NeuronSet, AsSpreadsheetsWriteIt) {
  const test::Scratch scratch;
  const auto file = scratch.write("set.csv", "\xEF\xBB\xBF layer , neuron\t\r\n 1 , 2\r\n \r\n3,4");
  EXPECT_EQ(read_neuron_set(file), (NeuronSet{{1, 2}, {3, 4}}));
}

TEST(NeuronSet, WhatIsWrongIsNamedWithItsLine) {
  const test::Scratch scratch;
  const auto line = [&](const char* text) {
    return test::data_error([&] { read_neuron_set(scratch.write("set.csv", text)); });
  };
  EXPECT_NAMES(line("layer,index\n1,2\n"), "set.csv:1: no column neuron: expected columns layer,neuron");
  EXPECT_NAMES(line(""), "set.csv:1: no column layer");
  EXPECT_NAMES(line("layer,neuron\n"), "set.csv: holds no neuron: expected at least one");
  EXPECT_NAMES(line("layer,neuron\n1,2\n3,-4\n"), "set.csv:3: \"-4\": expected an index, counted from 0");
  EXPECT_NAMES(line("layer,neuron\n1\n"), "set.csv:2: \"\": expected an index");
  EXPECT_NAMES(line("layer,neuron\n1.5,2\n"), "set.csv:2: \"1.5\"");
  EXPECT_NAMES(test::data_error([&] { read_neuron_set(scratch.path() / "gone.csv"); }), "gone.csv");
}

// What is in an HDF5 file is the store's to read; here: that it is asked, and for which dataset.
TEST(NeuronSet, OfAnHdf5File) {
  const test::Scratch scratch;
  const std::string file = scratch.path() / "x.h5";
  EXPECT_NAMES(test::data_error([&] { read_neuron_set(file + ":/a/b"); }), "x.h5");
  try {
    read_neuron_set(file);
    FAIL() << "not refused";
  } catch (const UsageError& error) {
    EXPECT_NAMES(std::string(error.what()), "x.h5: expected a dataset after it");
  }
}

}  // namespace
}  // namespace hones::app
