// What decides a run's bits.
#pragma once

#include <map>
#include <string>

#include <hones/sweep/inputs.hpp>

namespace hones::sweep {

// Attributes of /environment in discovery.h5: what decides bits, and what was asked.
std::map<std::string, std::string> environment(const Inputs& inputs, const std::string& model_digest);

}  // namespace hones::sweep
