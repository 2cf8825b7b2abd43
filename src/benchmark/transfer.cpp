#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/base/rng.hpp>
#include <hones/benchmark/transfer.hpp>
#include <hones/image/image.hpp>

#include "folder.hpp"
#include "manifest.hpp"
#include "pictures.hpp"
#include "pools.hpp"
#include "transfer_files.hpp"

namespace hones::benchmark {

namespace {

constexpr const char* kSplit = "test";

using Json = nlohmann::ordered_json;

TransferFile read(const TransferOptions& options) {
  if (options.dataset == "gqa") return read_gqa(options.file);
  if (options.dataset == "textvqa") return read_textvqa(options.file);
  HONES_ASSERT(options.dataset == "flickr30k", options.dataset);
  return read_flickr30k(options.file, options.split);
}

// Ids of questions are decimal numbers: the shorter one is the smaller one.
auto question_order(const Record& record) {
  const std::string id = record.vqa ? record.vqa->question_id : "";
  return std::pair(id.size(), id);
}

// The images' records by key `split`, only those of the first images by key `image` where not all are asked
// for.
std::vector<Record> in_order(std::vector<Record> records, const TransferOptions& options) {
  std::map<std::string, std::vector<Record>> images;
  for (Record& record : records) images[record.image_id].push_back(std::move(record));
  std::vector<std::pair<std::uint64_t, std::string>> chosen;
  for (const auto& entry : images) chosen.emplace_back(key(options.seed, "image", entry.first), entry.first);
  std::sort(chosen.begin(), chosen.end());
  if (options.most_images >= 0 && options.most_images < static_cast<std::int64_t>(chosen.size()))
    chosen.resize(static_cast<std::size_t>(options.most_images));
  for (auto& [order, image] : chosen) order = key(options.seed, "split", image);
  std::sort(chosen.begin(), chosen.end());
  std::vector<Record> ordered;
  for (const auto& entry : chosen) {
    std::vector<Record>& list = images.at(entry.second);
    std::sort(list.begin(), list.end(),
              [](const Record& a, const Record& b) { return question_order(a) < question_order(b); });
    std::move(list.begin(), list.end(), std::back_inserter(ordered));
  }
  return ordered;
}

// Splits the records into those whose picture can be read and the number of the others; a size that the file
// does not tell is the picture's own.
std::int64_t look_at_pictures(const std::filesystem::path& images, std::vector<Record>& records,
                              std::string& first_complaint) {
  std::unordered_map<std::string, std::pair<int, int>> sizes;  // by file name; 0: not readable
  const auto size_of = [&](const std::string& file_name) {
    const auto [entry, is_new] = sizes.try_emplace(file_name);
    if (is_new) {
      try {
        const image::Image picture = image::decode_file(images / file_name);
        entry->second = {picture.width, picture.height};
      } catch (const DataError& error) {
        if (first_complaint.empty()) first_complaint = error.what();
      }
    }
    return entry->second;
  };
  return static_cast<std::int64_t>(std::erase_if(records, [&](Record& record) {
    const auto [width, height] = size_of(record.file_name);
    if (record.width == 0) std::tie(record.width, record.height) = std::pair(width, height);
    record.split = kSplit;
    return width == 0;
  }));
}

Json manifest_json(const TransferOptions& options, const TransferFile& file, const PrepareReport& report,
                   const Asking& asking) {
  Json inputs = Json::array();
  for (const std::filesystem::path& input : file.inputs) inputs.push_back(input_json(input));
  Json manifest = {{"schema_version", kSchemaVersion},
                   {"dataset", options.dataset},
                   {"seed", options.seed},
                   {"images", images_entry(options.images, options.out)},
                   {"sizes", {{kSplit, report.chosen}}},
                   {"images_at_most", options.most_images},
                   {"inputs", inputs},
                   {"candidates", report.candidates},
                   {"rejected", report.rejected},
                   {"chosen", report.chosen}};
  if (options.dataset == "flickr30k") {
    manifest["source_split"] = options.split;
    manifest["retrieval"] = asking.manifest();
  }
  return manifest;
}

}  // namespace

PrepareReport prepare_transfer(const TransferOptions& options) {
  const auto say = [&](const std::string& line) {
    if (options.progress) options.progress(line);
  };
  check_folders(options.images, options.out, options.overwrite);
  const Asking asking(options.negatives, options.seed, options.progress);
  say("reading " + options.file.string());
  TransferFile file = read(options);
  PrepareReport report;
  report.candidates = static_cast<std::int64_t>(file.records.size());
  Parts parts;
  std::vector<Record>& records = parts.records[kSplit] = in_order(std::move(file.records), options);
  say("looking at the pictures of " + grouped(static_cast<std::int64_t>(records.size())) + " records");
  std::string complaint;
  const std::int64_t without = look_at_pictures(options.images, records, complaint);
  if (without > 0) {
    file.rejected["no_picture"] = without;
    say(grouped(without) +
        " records are left out because their picture cannot be read, the first: " + complaint);
  }
  if (records.empty()) {
    throw DataError(options.file.string() + ": no record is left of " + grouped(report.candidates) +
                    (complaint.empty() ? "" : "; " + complaint));
  }
  std::vector<Record*> kept;
  for (Record& record : records) kept.push_back(&record);
  note_pictures(options.images, kept, say);
  report.rejected = file.rejected;
  report.chosen = static_cast<std::int64_t>(records.size());
  if (options.dataset == "flickr30k") parts.queries[kSplit] = asking.all(records);
  say("writing " + options.out.string());
  write_folder(options.out, parts, manifest_json(options, file, report, asking));
  return report;
}

}  // namespace hones::benchmark
