// A checkpoint of any known family, ready to run.
#pragma once

#include <filesystem>
#include <memory>

#include <hones/model/vlm.hpp>

namespace hones::family {

// Maps the checkpoint and converts tensor by tensor where the dtype differs; holds the shard's part of the
// decoder. Throws DataError as the family's readers do.
std::unique_ptr<const model::Vlm> open_vlm(const std::filesystem::path& folder, at::ScalarType dtype,
                                           std::shared_ptr<const model::Shard> shard);

}  // namespace hones::family
