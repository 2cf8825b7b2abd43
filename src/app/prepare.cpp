#include <cstdio>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>
#include <hones/benchmark/prepare.hpp>

#include "app/commands.hpp"
#include "app/preview.hpp"

namespace hones::app {

namespace {

// --source names a folder with everything; the flags of single files win over what is found there.
void set_sources(const settings::Settings& settings, benchmark::PrepareOptions& options) {
  options.images = settings.path("prepare.images");  // looked for in the folder only where it is not given
  if (!settings.text("prepare.source").empty())
    benchmark::find_sources(settings.path("prepare.source"), options);
  const std::pair<const char*, std::filesystem::path*> files[] = {
      {"prepare.captions", &options.captions},
      {"prepare.scene_text", &options.scene_text},
      {"prepare.questions", &options.questions},
      {"prepare.annotations", &options.annotations},
      {"prepare.images", &options.images}};
  for (const auto& [key, path] : files) {
    if (!settings.text(key).empty()) *path = settings.path(key);
    if (path->empty()) {
      throw UsageError("prepare needs --source DIR, or " + settings::find(key)->flag + " (" + key +
                       "): " + settings::find(key)->meaning);
    }
  }
}

benchmark::Policy policy(const std::string& name) {
  return name == benchmark::name(benchmark::Policy::first) ? benchmark::Policy::first
                                                           : benchmark::Policy::seeded;
}

void check_together(const settings::Settings& settings) {
  const std::int64_t images = settings.integer("prepare.discovery");
  if (settings.integer("prepare.queries") > images) {
    settings.refuse("prepare.queries", "at most prepare.discovery = " + std::to_string(images) + " (" +
                                           settings.source("prepare.discovery") + ")");
  }
}

}  // namespace

void prepare(const settings::Settings& settings) {
  check_together(settings);
  check_preview(settings);
  benchmark::PrepareOptions options;
  set_sources(settings, options);
  options.out = settings.path("prepare.out");
  options.discovery = settings.integer("prepare.discovery");
  options.dev = settings.integer("prepare.dev");
  options.test = settings.integer("prepare.test");
  options.queries = settings.integer("prepare.queries");
  options.seed = static_cast<std::uint64_t>(settings.integer("prepare.seed"));
  options.vqa_policy = policy(settings.text("prepare.vqa_policy"));
  options.ocr_policy = policy(settings.text("prepare.ocr_policy"));
  options.overwrite = settings.boolean("prepare.overwrite");
  options.progress = [](const std::string& line) { log::info(line); };
  const benchmark::PrepareReport report = benchmark::prepare(options);
  write_file(options.out / "settings.toml", settings.to_toml());
  std::printf("%s images chosen of %s candidates\n", grouped(report.chosen).c_str(),
              grouped(report.candidates).c_str());
  for (const auto& [reason, images] : report.rejected) {
    std::printf("  rejected, %s: %s\n", reason.c_str(), grouped(images).c_str());
  }
  std::fputs(preview(settings).c_str(), stdout);
  std::printf("in %s\n", options.out.c_str());
}

}  // namespace hones::app
