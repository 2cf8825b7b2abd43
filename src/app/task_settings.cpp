#include "app/task_settings.hpp"

namespace hones::app {

std::vector<task::Definition> known_tasks(const settings::Settings& settings) {
  std::vector<task::Definition> known = task::built_in_tasks();
  const std::filesystem::path file = settings.path("tasks.file");
  return file.empty() ? known : task::with_tasks_of(std::move(known), file);
}

void check_tasks(const settings::Settings& settings, const std::vector<task::Definition>& known) {
  std::string names;
  for (const std::string& name : task::names_of(known)) names += (names.empty() ? "" : ", ") + name;
  for (const std::string& name : settings.list("discover.tasks")) {
    if (task::find_task(known, name)) continue;
    settings.refuse("discover.tasks", "different tasks out of " + names + "; " + name +
                                          " is none, and a file named by --tasks-file adds some");
  }
}

}  // namespace hones::app
