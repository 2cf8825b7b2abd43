// Instances that are computed together because their prompts are about one picture. No tensors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <hones/task/task.hpp>

namespace hones::engine {

struct TaskItems {
  std::unique_ptr<task::Task> task;
  std::vector<task::Item> items;
};

// An instance: index into the run's tasks, and into that task's items.
struct Member {
  std::int32_t task = 0;
  std::int64_t index = 0;
  bool operator==(const Member&) const = default;
};

using Bundle = std::vector<Member>;

// Bundles of the same tasks: what is priced alike and cut into units together.
struct Kind {
  std::string name;  // its tasks joined by "+"
  std::vector<Bundle> bundles;
};

// One kind per task, one instance per bundle: prompts that share nothing.
std::vector<Kind> separate_kinds(const std::vector<TaskItems>& tasks);

// Instances of all tasks that show the same picture (the drawn box included) form a bundle; members and kinds
// are ordered by task name, not by the order the tasks were asked for in, which must change no bit. Bundles
// keep the order of their first member.
std::vector<Kind> shared_kinds(const std::vector<TaskItems>& tasks);

}  // namespace hones::engine
