#include "pictures.hpp"

#include <unordered_map>

#include <hones/base/digest.hpp>
#include <hones/base/error.hpp>
#include <hones/base/number.hpp>

namespace hones::benchmark {

namespace {

// Pipes and devices are no pictures: reading one may never end.
std::string digest_of(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return "";
  try {
    return sha256_file(file);
  } catch (const DataError&) {
    return "";
  }
}

}  // namespace

std::int64_t note_pictures(const std::filesystem::path& images, const std::vector<Record*>& records,
                           const std::function<void(const std::string&)>& say) {
  constexpr std::size_t kEvery = 2000;
  std::unordered_map<std::string, std::string> digests;  // by file name
  std::int64_t missing = 0;
  std::string first_missing;
  for (Record* record : records) {
    const auto [digest, is_new] = digests.try_emplace(record->file_name);
    if (is_new) {
      digest->second = digest_of(images / record->file_name);
      if (digest->second.empty() && missing++ == 0) first_missing = record->file_name;
      if (digests.size() % kEvery == 0)
        say("digests of " + grouped(static_cast<std::int64_t>(digests.size())) + " pictures");
    }
    record->sha256 = digest->second;
  }
  const auto all = static_cast<std::int64_t>(digests.size());
  if (missing == all && all > 0) {
    throw DataError("none of the " + grouped(all) + " pictures is in " + images.string() + ", the first is " +
                    first_missing + "; name their folder with --images");
  }
  if (missing > 0) {
    say("WARNING: " + grouped(missing) + " of " + grouped(all) + " pictures cannot be read, the first is " +
        first_missing + "; a run will exclude their instances");
  }
  return missing;
}

}  // namespace hones::benchmark
