// The folder that scenes go to, and what an earlier run left in it.
#pragma once

#include <hones/benchmark/synth.hpp>

namespace hones::benchmark {

// Throws UsageError when scenes are there already and `overwrite` is not set; and, set or not, when pictures
// or annotation files are there that no scenes.jsonl of an earlier run tells of: they are somebody else's.
// Touches nothing.
void check_scene_folder(const SynthOptions& options);

// The earlier run's pictures, as its scenes.jsonl names them, and the files that synth writes: gone. Other
// files stay. Throws DataError for a scenes.jsonl that synth did not write, or what cannot be removed.
void remove_scenes(const std::filesystem::path& out);

}  // namespace hones::benchmark
