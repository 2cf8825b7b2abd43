#include <hones/store/index_pairs.hpp>

#include "input_file.hpp"

namespace hones::store {

namespace {

// Says what was expected as well: the name was typed by hand, and the file may be of another program.
std::vector<std::int64_t> read_flat(const InputFile& in, const std::string& dataset) {
  try {
    return in.read_integers(dataset, {InputFile::kAny, 2});
  } catch (const DataError& error) {
    throw DataError(std::string(error.what()) +
                    "; expected an integer dataset of shape [k, 2], rows of layer and index");
  }
}

}  // namespace

std::vector<std::pair<std::int64_t, std::int64_t>> read_index_pairs(const std::filesystem::path& file,
                                                                    const std::string& dataset) {
  const std::vector<std::int64_t> flat = read_flat(InputFile(file), dataset);
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (std::size_t i = 0; i < flat.size(); i += 2) pairs.emplace_back(flat[i], flat[i + 1]);
  return pairs;
}

}  // namespace hones::store
