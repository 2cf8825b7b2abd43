#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/utf8.hpp>
#include <hones/benchmark/clean.hpp>

#include "csv.hpp"
#include "stream.hpp"
#include "transfer_files.hpp"

namespace hones::benchmark {

namespace {

constexpr std::size_t kReferences = 5;
const std::vector<std::string> kSourceSplits = {"train", "restval", "val", "test"};

// Gathers images and captions whose file is told by `where`.
class Gathered {
 public:
  explicit Gathered(TransferFile& read) : read_(read) {}

  // `captions` as in the file; the five with the smallest ids that are not empty are the references.
  void add(const std::string& name, std::vector<Caption> captions, const std::string& where) {
    if (name.empty()) throw DataError(where + ": field \"filename\": must not be empty");
    const std::string astray = why_astray(name);
    if (!astray.empty()) throw DataError(where + ": field \"filename\": " + astray);
    if (!names_.insert(name).second)
      throw DataError(where + ": field \"filename\": \"" + name + "\" stands there twice");
    std::sort(captions.begin(), captions.end(),
              [](const Caption& a, const Caption& b) { return a.id < b.id; });
    for (const Caption& caption : captions) {
      if (!ids_.insert(caption.id).second)
        throw DataError(where + ": caption id " + std::to_string(caption.id) + " stands there twice");
    }
    std::erase_if(captions, [](const Caption& caption) { return clean_text(caption.text).empty(); });
    if (captions.size() < kReferences) {
      ++read_.rejected["captions"];
      return;
    }
    captions.resize(kReferences);
    Record record;
    record.image_id = record.file_name = name;
    record.captions = std::move(captions);
    read_.records.push_back(std::move(record));
  }

 private:
  TransferFile& read_;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::int64_t> ids_;
};

void read_karpathy(const std::filesystem::path& file, const std::string& split, TransferFile& read) {
  Gathered gathered(read);
  const auto add_image = [&](const Fields& image, const std::string&) {
    if (image.word("split", kSourceSplits) != split) {
      ++read.rejected["other_split"];
      return;
    }
    std::vector<Caption> captions;
    for (std::size_t i = 0; i < image.array("sentences").size(); ++i) {
      const Fields sentence = image.element("sentences", i);
      captions.push_back({sentence.integer("sentid"), sentence.text("raw")});
    }
    gathered.add(image.filled_text("filename"), std::move(captions), image.where());
  };
  visit_sections(file, {{"images", in_array(add_image)}});
}

std::size_t column_of(const Cells& names, const char* name, const std::string& where) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw DataError(where + ": no column \"" + name + "\" among those that the first record names");
  return static_cast<std::size_t>(found - names.begin());
}

// A cell that holds JSON becomes a field of an object, so that complaints name it like any other.
nlohmann::json json_cell(const Cells& names, const Cells& cells, const char* name, const std::string& where) {
  const std::string& cell = cells[column_of(names, name, where)];
  try {
    return nlohmann::json::parse(cell);
  } catch (const nlohmann::json::exception& error) {
    throw DataError(where + ": field \"" + name + "\": not JSON: " + without_label(error.what()));
  }
}

void read_csv(const std::filesystem::path& file, const std::string& split, TransferFile& read) {
  Gathered gathered(read);
  visit_csv(file, [&](const Cells& names, const Cells& cells, const std::string& where) {
    const nlohmann::json belongs = {{"split", cells[column_of(names, "split", where)]}};
    if (Fields(belongs, where).word("split", kSourceSplits) != split) {
      ++read.rejected["other_split"];
      return;
    }
    const nlohmann::json object = {{"raw", json_cell(names, cells, "raw", where)},
                                   {"sentids", json_cell(names, cells, "sentids", where)}};
    const Fields fields(object, where);
    const std::vector<std::string> texts = fields.texts("raw");
    const std::vector<std::int64_t> ids = fields.integers("sentids");
    if (texts.size() != ids.size()) {
      fields.fail("sentids", "expected " + std::to_string(texts.size()) +
                                 " ids, as many as captions, found " + std::to_string(ids.size()));
    }
    std::vector<Caption> captions;
    for (std::size_t i = 0; i < texts.size(); ++i) captions.push_back({ids[i], texts[i]});
    gathered.add(cells[column_of(names, "filename", where)], std::move(captions), where);
  });
}

struct TokenLine {
  std::string name;
  std::string caption;
};

// NAME.jpg#K TAB CAPTION; captions may hold tabs, names may hold #.
TokenLine token_line(std::string_view line, const std::string& where) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) throw DataError(where + ": no tab between picture and caption");
  const std::string_view key = line.substr(0, tab);
  const std::size_t hash = key.rfind('#');
  const std::string_view digits = hash == std::string_view::npos ? "" : key.substr(hash + 1);
  int number = -1;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool good = end.ec == std::errc{} && end.ptr == digits.data() + digits.size() && number >= 0;
  if (!good || hash == 0) {
    throw DataError(where + ": expected NAME.jpg#NUMBER before the tab, found \"" + std::string(key) + "\"");
  }
  return {std::string(key.substr(0, hash)), std::string(line.substr(tab + 1))};
}

void read_tokens(const std::filesystem::path& file, TransferFile& read) {
  const std::string text = read_file(file);
  std::vector<std::string> names;  // in file order
  std::unordered_map<std::string, std::vector<Caption>> captions;
  std::unordered_set<std::string> keys;
  std::int64_t number = 0;
  for (std::string_view rest = without_mark(text); !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() && rest.empty()) break;
    const std::string where = file.string() + ":" + std::to_string(number + 1);
    if (!valid_utf8(line)) throw DataError(where + ": not valid UTF-8");
    TokenLine read_line = token_line(line, where);
    if (!keys.insert(std::string(line.substr(0, line.find('\t')))).second)
      throw DataError(where + ": \"" + std::string(line.substr(0, line.find('\t'))) +
                      "\" stands there twice");
    auto& list = captions[read_line.name];
    if (list.empty()) names.push_back(read_line.name);
    list.push_back({number, std::move(read_line.caption)});
  }
  Gathered gathered(read);
  for (const std::string& name : names) gathered.add(name, std::move(captions.at(name)), file.string());
}

}  // namespace

TransferFile read_flickr30k(const std::filesystem::path& file, const std::string& split) {
  TransferFile read;
  read.inputs = {file};
  if (file.extension() == ".json") {
    read_karpathy(file, split, read);
  } else if (file.extension() == ".csv") {
    read_csv(file, split, read);
  } else {
    read_tokens(file, read);
  }
  return read;
}

}  // namespace hones::benchmark
