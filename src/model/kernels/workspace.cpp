#include <hones/model/workspace.hpp>

#include "kernels.hpp"

namespace hones::model {

Workspace::Workspace() : kernels_(cpu_kernels()) {}
Workspace::~Workspace() = default;
Workspace::Workspace(Workspace&&) noexcept = default;

}  // namespace hones::model
