// The folder of a discover run of two tasks, small enough that its rankings can be told by hand.
#pragma once

#include <filesystem>
#include <string>

namespace hones::test {

// discovery.h5 and rankings.<task>.json of vqa and ocr: two layers of two heads and three neurons, one
// instance each. Of vqa the heads 1:0 (importance 1) and 0:1 (0.5) have sums, 0:0 (0.25) has none, 1:1 was
// not asked for. Its run ranked with the first head alone, and took half of all neurons. In ocr no head is
// positive, and none was drawn.
void make_discovery(const std::filesystem::path& folder, const std::string& benchmark_digest = "sha256:5678");

inline const char* const kModelDigest = "sha256:1234";

}  // namespace hones::test
