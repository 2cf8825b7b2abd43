#include <string>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/benchmark/synth.hpp>

#include "draw.hpp"
#include "folder.hpp"
#include "unique.hpp"
#include "writers.hpp"

namespace hones::benchmark {

namespace {

constexpr std::int64_t kProgressEvery = 200;

// Ranges are the caller's to check: src/app/settings describes them.
void check(const SynthOptions& options) {
  HONES_ASSERT(options.images >= 1, "images=" + std::to_string(options.images));
  HONES_ASSERT(options.near_twins >= 0.0 && options.near_twins <= 1.0,
               "near_twins=" + std::to_string(options.near_twins));
  HONES_ASSERT(!options.out.empty(), "no folder");
  check_scene_folder(options);
  make_output_folder("--out " + options.out.string(), options.out / "images");
}

void write_pictures(const std::vector<Described>& set, const SynthOptions& options) {
  std::int64_t done = 0;
  for (const auto& described : set) {
    write_file(options.out / "images" / picture_name(image_id(described.scene)), draw_jpeg(described.scene));
    if (++done % kProgressEvery == 0 && options.progress) options.progress(done, options.images);
  }
  if (options.progress) options.progress(done, options.images);
}

}  // namespace

SynthReport synth(const SynthOptions& options) {
  check(options);
  SynthReport report;
  report.images = options.images;
  auto set = draw_scenes(options.seed, options.images, options.near_twins);
  draw_captions(set, options.seed);
  if (options.images <= kUniqueCaptionLimit) {
    const Redrawn redrawn = make_unique(set, options.seed);
    report.redrawn_captions = redrawn.captions;
    report.redrawn_scenes = redrawn.scenes;
  }
  report.captions_true_elsewhere = count_true_elsewhere(set);

  Writers writers(options.seed);
  for (const auto& described : set) {
    writers.add(described, draw_foils(described, options.seed));
    report.family_images += described.scene.family ? 1 : 0;
    report.captions += kCaptions;
  }
  draw_jpeg(set.front().scene);  // a missing font shows before anything is removed or written
  remove_scenes(options.out);
  writers.write_truth(options.out);  // before the pictures, so that they are known to be synth's
  write_pictures(set, options);
  writers.write_official(options.out);
  report.questions = writers.questions;
  report.legible_words = writers.legible;
  report.illegible_words = writers.illegible;
  return report;
}

}  // namespace hones::benchmark
