#include <cstdio>

#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>
#include <hones/benchmark/synth.hpp>

#include "app/commands.hpp"

namespace hones::app {

void synth(const settings::Settings& settings) {
  benchmark::SynthOptions options;
  options.images = settings.integer("synth.images");
  options.seed = static_cast<std::uint64_t>(settings.integer("synth.seed"));
  options.near_twins = settings.real("synth.near_twins");
  options.out = settings.path("synth.out");
  options.overwrite = settings.boolean("synth.overwrite");
  options.progress = [](std::int64_t done, std::int64_t all) {
    log::info("drawn " + grouped(done) + " of " + grouped(all) + " scenes");
  };
  const benchmark::SynthReport report = benchmark::synth(options);
  write_file(options.out / "settings.toml", settings.to_toml());
  std::printf(
      "%s scenes (%s in families of near twins), %s captions, %s questions, %s legible and %s illegible "
      "words\n",
      grouped(report.images).c_str(), grouped(report.family_images).c_str(), grouped(report.captions).c_str(),
      grouped(report.questions).c_str(), grouped(report.legible_words).c_str(),
      grouped(report.illegible_words).c_str());
  std::printf("captions true of another scene too: %.2f %%\n", 100 * report.share_true_elsewhere());
  std::printf("in %s\n", options.out.c_str());
}

}  // namespace hones::app
