#include "csv.hpp"

#include <string_view>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/utf8.hpp>

namespace hones::benchmark {

namespace {

// Takes records off the front of `rest`.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  Cells record(const std::string& where) {
    Cells cells;
    do {
      cells.push_back(front() == '"' ? quoted(where, cells.size()) : bare(where, cells.size()));
    } while (take(','));
    take('\r');
    if (!take('\n') && !at_end()) fail(where, cells.size() - 1, "text after the end of the field");
    return cells;
  }

 private:
  [[noreturn]] static void fail(const std::string& where, std::size_t column, const std::string& complaint) {
    throw DataError(where + ": column " + std::to_string(column + 1) + ": " + complaint);
  }
  char front() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string quoted(const std::string& where, std::size_t column) {
    std::string cell;
    take('"');
    while (true) {
      const std::size_t end = rest_.find('"');
      if (end == std::string_view::npos) fail(where, column, "a quote that does not end");
      cell += rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (!take('"')) return cell;
      cell += '"';
    }
  }

  std::string bare(const std::string& where, std::size_t column) {
    const std::size_t end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    const std::string_view cell = rest_.substr(0, end);
    if (cell.find('"') != std::string_view::npos)
      fail(where, column, "a quote inside a field without quotes");
    rest_.remove_prefix(end);
    return std::string(cell);
  }

  std::string_view rest_;
};

}  // namespace

void visit_csv(const std::filesystem::path& file,
               const std::function<void(const Cells&, const Cells&, const std::string&)>& visit) {
  const std::string text = read_file(file);
  Reader reader(without_mark(text));
  const Cells names = reader.record(file.string() + ": first record");
  for (std::int64_t number = 1; !reader.at_end(); ++number) {
    const std::string where = file.string() + ": record " + std::to_string(number);
    const Cells cells = reader.record(where);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (!valid_utf8(cells[i]))
        throw DataError(where + ": column " + std::to_string(i + 1) + ": not valid UTF-8");
    }
    if (cells.size() != names.size()) {
      throw DataError(where + ": " + std::to_string(cells.size()) + " columns, but the first record names " +
                      std::to_string(names.size()));
    }
    visit(names, cells, where);
  }
}

}  // namespace hones::benchmark
