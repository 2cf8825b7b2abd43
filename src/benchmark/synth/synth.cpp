#include <string>
#include <system_error>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/benchmark/synth.hpp>

#include "draw.hpp"
#include "unique.hpp"
#include "writers.hpp"

namespace hones::benchmark {

namespace {

constexpr std::int64_t kMostImages = 1'000'000;
constexpr std::int64_t kProgressEvery = 200;

void validate(const SynthOptions& options) {
  if (options.images < 1 || options.images > kMostImages) {
    throw UsageError("synth: images is " + std::to_string(options.images) + ", expected 1 to " +
                     std::to_string(kMostImages) + ".");
  }
  if (!(options.near_twins >= 0.0 && options.near_twins <= 1.0)) {
    throw UsageError("synth: near_twins is " + std::to_string(options.near_twins) +
                     ", expected a share of 0 to 1.");
  }
  if (options.out.empty()) throw UsageError("synth: no output folder was named.");
}

void write_picture(const std::filesystem::path& file, const Scene& scene) {
  write_file(file, draw_jpeg(scene));
}

}  // namespace

SynthReport synth(const SynthOptions& options) {
  validate(options);
  std::error_code error;
  std::filesystem::create_directories(options.out / "images", error);
  if (error)
    throw UsageError("synth: cannot make the folder " + (options.out / "images").string() + ": " +
                     error.message());

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
  std::int64_t done = 0;
  for (const auto& described : set) {
    write_picture(options.out / "images" / picture_name(image_id(described.scene)), described.scene);
    writers.add(described, draw_foils(described, options.seed));
    report.family_images += described.scene.family ? 1 : 0;
    report.captions += kCaptions;
    if (++done % kProgressEvery == 0 && options.progress) options.progress(done, options.images);
  }
  writers.write(options.out);
  report.questions = writers.questions;
  report.legible_words = writers.legible;
  report.illegible_words = writers.illegible;
  if (options.progress) options.progress(done, options.images);
  return report;
}

}  // namespace hones::benchmark
