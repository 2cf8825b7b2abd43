#include "llava/vlm.hpp"

#include <array>

#include <hones/base/error.hpp>
#include <hones/family/family.hpp>
#include <hones/family/vlm.hpp>

namespace hones::family {

namespace {

// The families of family.cpp, with their tensors.
struct Opener {
  std::string_view name;
  std::unique_ptr<const model::Vlm> (*open)(const std::filesystem::path&, at::ScalarType,
                                            std::shared_ptr<const model::Shard>);
};

constexpr std::array<Opener, 1> kOpeners{{{"llava", llava::open_vlm}}};

}  // namespace

std::unique_ptr<const model::Vlm> open_vlm(const std::filesystem::path& folder, at::ScalarType dtype,
                                           std::shared_ptr<const model::Shard> shard) {
  const std::string_view name = family_of(folder).name;
  for (const Opener& opener : kOpeners) {
    if (opener.name == name) return opener.open(folder, dtype, std::move(shard));
  }
  throw InternalError("the family '" + std::string(name) + "' has no model");
}

}  // namespace hones::family
