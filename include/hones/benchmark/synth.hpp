// Synthetic scenes: coloured shapes and printed words, drawn as JPEG files and annotated in the official COCO
// captions, COCO-Text v2 and VQAv2 formats (docs/benchmark.md section 1), with the whole truth beside them in
// scenes.jsonl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace hones::benchmark {

// Sets of at most this many scenes have no caption that is true of another scene.
inline constexpr std::int64_t kUniqueCaptionLimit = 2000;

struct SynthOptions {
  std::int64_t images = 0;  // at least 1
  std::uint64_t seed = 0;
  // Share of the scenes, 0 to 1, that stand in families of eight which differ in one thing only.
  double near_twins = 0.0;
  std::filesystem::path out;
  // Called now and then while pictures are drawn; may be empty.
  std::function<void(std::int64_t done, std::int64_t all)> progress;
  // Scenes that are in `out` already go, instead of being an error.
  bool overwrite = false;
};

struct SynthReport {
  std::int64_t images = 0;
  std::int64_t family_images = 0;
  std::int64_t captions = 0;
  std::int64_t questions = 0;
  std::int64_t legible_words = 0;
  std::int64_t illegible_words = 0;
  std::int64_t redrawn_captions = 0;  // because they were true of another scene as well
  std::int64_t redrawn_scenes = 0;    // because no caption of theirs was false of all others
  std::int64_t captions_true_elsewhere = 0;
  double share_true_elsewhere() const {
    return captions == 0 ? 0.0 : static_cast<double>(captions_true_elsewhere) / static_cast<double>(captions);
  }
};

// Leaves images/*.jpg, captions_train2014.json, cocotext.v2.json,
// v2_OpenEnded_mscoco_train2014_questions.json, v2_mscoco_train2014_annotations.json and scenes.jsonl in
// `out`. The same options give the same bytes. Throws, before anything is drawn, UsageError when `out` cannot
// be written, holds scenes and `overwrite` is not set, or holds pictures that synth did not make; DataError
// when the set cannot be made unique.
SynthReport synth(const SynthOptions& options);

}  // namespace hones::benchmark
