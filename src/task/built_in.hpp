#pragma once

namespace hones::task {

extern const char* const kBuiltInTasks;  // the text of configs/tasks.toml

}  // namespace hones::task
