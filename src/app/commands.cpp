#include "app/commands.hpp"

namespace hones::app {

namespace {

constexpr Entry kEntries[] = {
#define HONES_ALONE(name, does) {.alone = &name},
#define HONES_SHARED(name, does) {.shared = &name},
#include "app/settings/commands.def"
};

}  // namespace

const Entry& entry_of(settings::Command command) {
  return kEntries[static_cast<std::size_t>(command)];
}

}  // namespace hones::app
