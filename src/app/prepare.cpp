#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>
#include <hones/benchmark/prepare.hpp>
#include <hones/benchmark/transfer.hpp>

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

constexpr const char* kTransfer[] = {"gqa", "textvqa", "flickr30k"};

// The transfer set that is asked for; empty: the unified benchmark.
std::string transfer_set(const settings::Settings& settings) {
  std::string asked;
  for (const std::string name : kTransfer) {
    if (settings.text("prepare." + name).empty()) continue;
    if (!asked.empty()) settings.refuse("prepare." + name, "one set at a time, and --" + asked + " is given");
    asked = name;
  }
  return asked;
}

// A file may serve several kinds of benchmark; what the command line says must mean something here.
void refuse_flags(const settings::Settings& settings, const std::vector<std::string>& keys,
                  const std::string& reason) {
  for (const std::string& key : keys) {
    if (settings.source("prepare." + key).starts_with("--")) settings.refuse("prepare." + key, reason);
  }
}

void check_together(const settings::Settings& settings) {
  const std::int64_t images = settings.integer("prepare.discovery");
  if (settings.integer("prepare.queries") > images) {
    settings.refuse("prepare.queries", "at most prepare.discovery = " + std::to_string(images) + " (" +
                                           settings.source("prepare.discovery") + ")");
  }
}

void say(const std::string& line) {
  log::info(line);
}

benchmark::NegativeOptions negatives(const settings::Settings& settings) {
  benchmark::NegativeOptions options;
  if (!settings.text("prepare.embeddings").empty()) options.embeddings = settings.path("prepare.embeddings");
  options.by_image = settings.text("prepare.embed") == "image";
  if (options.by_image && options.embeddings.empty())
    settings.refuse("prepare.embed", "--embeddings (prepare.embeddings) beside it");
  return options;
}

benchmark::PrepareReport prepare_transfer(const settings::Settings& settings, const std::string& dataset) {
  refuse_flags(
      settings,
      {"source", "captions", "scene_text", "questions", "annotations", "discovery", "dev", "test", "queries",
       "vqa_policy", "ocr_policy", "min_box_side", "min_text_length", "english_only", "disjoint_pools"},
      "nothing with --" + dataset + ", it is a setting of the unified benchmark");
  if (dataset != "flickr30k") {
    refuse_flags(settings, {"transfer_split"}, "nothing with --" + dataset + ", whose splits are files");
    refuse_flags(settings, {"embeddings", "embed"}, "nothing with --" + dataset + ", which has no retrieval");
  }
  if (settings.text("prepare.images").empty())
    throw UsageError("prepare --" + dataset +
                     " needs --images (prepare.images): " + settings::find("prepare.images")->meaning);
  check_preview(settings);
  benchmark::TransferOptions options;
  options.dataset = dataset;
  options.file = settings.path("prepare." + dataset);
  options.images = settings.path("prepare.images");
  options.out = settings.path("prepare.out");
  options.split = settings.text("prepare.transfer_split");
  if (dataset == "flickr30k") options.negatives = negatives(settings);
  options.most_images = settings.integer("prepare.transfer_images");
  options.seed = static_cast<std::uint64_t>(settings.integer("prepare.seed"));
  options.overwrite = settings.boolean("prepare.overwrite");
  options.progress = say;
  return benchmark::prepare_transfer(options);
}

benchmark::PrepareReport prepare_unified(const settings::Settings& settings) {
  refuse_flags(settings, {"transfer_split", "transfer_images"},
               "nothing without --gqa, --textvqa or --flickr30k");
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
  options.filters.min_box_side = settings.real("prepare.min_box_side");
  options.filters.min_text_length = settings.integer("prepare.min_text_length");
  options.filters.english_only = settings.boolean("prepare.english_only");
  options.negatives = negatives(settings);
  options.disjoint_pools = settings.boolean("prepare.disjoint_pools");
  options.overwrite = settings.boolean("prepare.overwrite");
  options.progress = say;
  return benchmark::prepare(options);
}

}  // namespace

namespace {

// What --tasks says, or those of the built-in tasks that the records hold.
std::vector<std::string> tasks_seen(const settings::Settings& settings, const std::string& dataset) {
  if (dataset.empty() || settings.given("discover.tasks")) return settings.list("discover.tasks");
  if (dataset == "flickr30k") return {"caption", "retrieval"};
  return {"vqa"};
}

}  // namespace

void prepare(const settings::Settings& settings) {
  const std::string dataset = transfer_set(settings);
  const benchmark::PrepareReport report =
      dataset.empty() ? prepare_unified(settings) : prepare_transfer(settings, dataset);
  const std::filesystem::path out = settings.path("prepare.out");
  write_file(out / "settings.toml", settings.to_toml());
  const bool questions = dataset == "gqa" || dataset == "textvqa";
  std::printf("%s %s chosen of %s candidates\n", grouped(report.chosen).c_str(),
              questions ? "questions" : "images", grouped(report.candidates).c_str());
  for (const auto& [reason, number] : report.rejected)
    std::printf("  rejected, %s: %s\n", reason.c_str(), grouped(number).c_str());
  const std::string split = dataset.empty() ? settings.text("benchmark.split") : "test";
  std::fputs(preview(settings, split, tasks_seen(settings, dataset)).c_str(), stdout);
  std::printf("in %s\n", out.c_str());
}

}  // namespace hones::app
