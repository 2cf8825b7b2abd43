// A small benchmark of drawn scenes.
#pragma once

#include <filesystem>

#include <hones/benchmark/prepare.hpp>
#include <hones/benchmark/synth.hpp>

namespace hones::test {

// The benchmark of the scenes in FOLDER/source, in FOLDER/benchmark; `out` and the sources are set here.
inline void prepare_benchmark(const std::filesystem::path& folder, benchmark::PrepareOptions prepare) {
  prepare.out = folder / "benchmark";
  benchmark::find_sources(folder / "source", prepare);
  benchmark::prepare(prepare);
}

// The same after drawing the scenes.
inline void draw_benchmark(const std::filesystem::path& folder, benchmark::SynthOptions synth,
                           const benchmark::PrepareOptions& prepare) {
  synth.out = folder / "source";
  benchmark::synth(synth);
  prepare_benchmark(folder, prepare);
}

// 60 discovery images, 2 queries of 50 candidates.
inline benchmark::PrepareOptions small_split() {
  benchmark::PrepareOptions prepare;
  prepare.discovery = 60;
  prepare.dev = 0;
  prepare.test = 0;
  prepare.queries = 2;
  return prepare;
}

inline void draw_benchmark(const std::filesystem::path& folder) {
  benchmark::SynthOptions synth;
  synth.images = 60;
  synth.seed = 11;
  synth.near_twins = 0;
  draw_benchmark(folder, synth, small_split());
}

}  // namespace hones::test
