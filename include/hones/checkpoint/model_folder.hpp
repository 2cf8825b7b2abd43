// A checkpoint's folder, whatever family it is of: where it lies, its digest, its chat template.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace hones::checkpoint {

// SHA-256 of the lines "SHA256  NAME\n", in name order, of every file that a number depends on: config.json,
// generation_config.json (what ends an answer), tokenizer.json, preprocessor_config.json,
// processor_config.json (those that exist), the index and all weight files. What `sha256sum FILES... |
// sha256sum` prints. Throws DataError where the weights are not there.
std::string model_digest(const std::filesystem::path& folder);

// The checkpoint's chat template, a text in Jinja: of chat_template.jinja, chat_template.json,
// processor_config.json or tokenizer_config.json, the first that has one (docs/models.md 5.5); of several
// named ones that named "default". None: nullopt. Throws DataError naming a file that is there and malformed.
struct ChatTemplate {
  std::filesystem::path file;
  std::string text;
};
std::optional<ChatTemplate> chat_template(const std::filesystem::path& folder);

struct ModelLocation {
  std::filesystem::path folder;
  std::string snapshot;  // commit hash of the Hugging Face snapshot; empty for a plain folder
};

// A folder, or `org/name` looked up offline in the local Hugging Face cache (HF_HUB_CACHE, HF_HOME/hub,
// ~/.cache/huggingface/hub; snapshots/ by refs/REVISION, default main, or a commit hash). Throws DataError
// with one line that says where it was sought and how to fetch it.
ModelLocation locate_model(const std::string& name_or_folder, const std::string& revision);

}  // namespace hones::checkpoint
