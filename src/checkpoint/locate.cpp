// Models by folder or by name in the local Hugging Face cache. Offline: nothing is fetched.
#include <algorithm>
#include <cstdlib>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/checkpoint/llava.hpp>
#include <hones/checkpoint/model_folder.hpp>

namespace hones::checkpoint {

namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// As huggingface_hub decides it: the first of these that is set.
fs::path cache_folder() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const std::string folder = environment(name); !folder.empty()) return folder;
  }
  if (const std::string home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "huggingface" / "hub";
  }
  return fs::path(environment("HOME")) / ".cache" / "huggingface" / "hub";
}

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

// "org/name" or "name" as the Hub allows them.
bool is_model_name(const std::string& name) {
  return !name.empty() && std::count(name.begin(), name.end(), '/') <= 1 && name.front() != '/' &&
         name.back() != '/' && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) { return c == '/' || is_plain(c); });
}

// A branch, tag, "refs/pr/1" or commit hash; never a way out of the cache.
bool is_revision(const std::string& revision) {
  return !revision.empty() && revision.front() != '/' && revision.find("..") == std::string::npos &&
         std::all_of(revision.begin(), revision.end(), [](char c) { return c == '/' || is_plain(c); });
}

bool is_hash(const std::string& text) {
  return text.size() >= 7 && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c));
         });
}

// Empty unless `folder` is itself a snapshot of a cache.
std::string snapshot_of(const fs::path& folder) {
  const fs::path path = fs::weakly_canonical(folder);
  const std::string name = path.filename().string();
  return path.parent_path().filename() == "snapshots" && is_hash(name) ? name : std::string();
}

}  // namespace

ModelLocation locate_model(const std::string& name_or_folder, const std::string& revision) {
  if (fs::is_directory(name_or_folder)) return {name_or_folder, snapshot_of(name_or_folder)};
  const std::string wanted = revision.empty() ? "main" : revision;
  if (!is_model_name(name_or_folder)) {
    throw DataError("no model at " + name_or_folder +
                    ": no such folder, and not a name like llava-hf/llava-1.5-7b-hf");
  }
  if (!is_revision(wanted))
    throw DataError("revision \"" + wanted + "\" is not a branch, tag or commit hash");

  std::string folder_name = "models--" + name_or_folder;
  if (const auto slash = folder_name.find('/'); slash != std::string::npos)
    folder_name.replace(slash, 1, "--");
  const fs::path model = cache_folder() / folder_name;
  std::string hash;
  if (const fs::path ref = model / "refs" / wanted; fs::is_regular_file(ref)) {
    hash = read_file(ref);
    hash.erase(std::find_if(hash.begin(), hash.end(), [](unsigned char c) { return std::isspace(c); }),
               hash.end());
    if (!is_hash(hash)) throw DataError(ref.string() + ": does not hold a commit hash");
  } else if (is_hash(wanted)) {
    hash = wanted;
  }
  if (const fs::path snapshot = model / "snapshots" / hash; !hash.empty() && fs::is_directory(snapshot)) {
    return {snapshot, hash};
  }
  throw DataError("no model " + name_or_folder + " (revision " + wanted +
                  "): not a folder, and not in the Hugging Face cache at " + model.string() +
                  "; fetch it with: hf download " + name_or_folder + " --revision " + wanted);
}

}  // namespace hones::checkpoint
