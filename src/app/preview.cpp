#include "app/preview.hpp"

#include <hones/base/number.hpp>
#include <hones/checkpoint/model_folder.hpp>
#include <hones/choice/choices.hpp>
#include <hones/family/family.hpp>
#include <hones/preview/preview.hpp>

#include "app/picture_settings.hpp"
#include "app/task_settings.hpp"

namespace hones::app {

namespace {

constexpr const char* kFolder = "preview";

// That of the checkpoint named for it, or the one that LLaVA-1.5 was published with.
image::ProcessorConfig processor_of(const settings::Settings& settings) {
  const std::string& model = settings.text("prepare.preview_model");
  if (model.empty()) return {};
  return image::read_processor(checkpoint::locate_model(model, "main").folder);
}

}  // namespace

void check_preview(const settings::Settings& settings) {
  check_tasks(settings, known_tasks(settings));
  if (settings.integer("prepare.preview") > 0) processor_of(settings);
}

std::string preview(const settings::Settings& settings, const std::string& split,
                    const std::vector<std::string>& tasks) {
  const std::filesystem::path out = settings.path("prepare.out"), folder = out / kFolder;
  preview::remove_sheets(folder);
  const std::int64_t cells = settings.integer("prepare.preview");
  if (cells == 0) return "";
  const benchmark::Benchmark benchmark = benchmark::load(out, split);
  const auto prompts = settings.chosen<choice::Prompts>("discover.prompts");
  const image::ProcessorConfig processor = processor_of(settings);
  std::string lines;
  const std::vector<task::Definition> known = known_tasks(settings);
  for (const std::string& name : tasks) {
    const task::Task task(*task::find_task(known, name), prompts, pictures_of(settings));
    const auto files = preview::write_sheets(folder, task, benchmark, cells,
                                             family::default_family().chat(prompts), processor);
    if (files.empty()) lines += "preview of " + name + ": the benchmark holds no instance of it\n";
    for (const auto& file : files) lines += "preview of " + name + ": " + file.string() + "\n";
  }
  return lines;
}

}  // namespace hones::app
