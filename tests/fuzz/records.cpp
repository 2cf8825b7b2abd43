// A benchmark's folder: discovery.jsonl NUL retrieval/discovery.jsonl NUL test.jsonl NUL manifest.json. Where
// the last is empty a good one stands in, for the lines that there are. What loads must go back to the same
// lines and serve every task.
#include <algorithm>

#include <hones/benchmark/records.hpp>
#include <hones/task/task.hpp>

#include "support.hpp"

namespace {

using hones::benchmark::Benchmark;

std::int64_t lines_in(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n') + (!text.empty() && text.back() != '\n' ? 1 : 0);
}

std::string manifest_for(const std::string& discovery, const std::string& test) {
  return R"({"schema_version": 2, "dataset": "coco", "images": "images", "seed": 1, "sizes": {"discovery": )" +
         std::to_string(lines_in(discovery)) + R"(, "test": )" + std::to_string(lines_in(test)) +
         R"(}, "retrieval": {}})";
}

void use(const Benchmark& benchmark) {
  for (const std::string& name : hones::task::task_names())
    hones::fuzz::accepted(
        [&] { hones::task::make_task(name, hones::choice::Prompts::paper)->items(benchmark, -1); });
}

// A benchmark as the program itself writes it.
std::string lines_of(const Benchmark& benchmark) {
  std::string lines;
  for (const auto& record : benchmark.records) lines += to_json_line(record) + "\n";
  for (const auto& query : benchmark.queries) lines += to_json_line(query) + "\n";
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const hones::fuzz::Folder folder;
  static const bool made = std::filesystem::create_directories(folder.path() / "images");
  if (!made) hones::fuzz::defect("no folder of pictures");
  const auto parts = hones::fuzz::parts_of(data, size, 4);
  folder.write("discovery.jsonl", parts[0]);
  folder.write("retrieval/discovery.jsonl", parts[1]);
  folder.write("test.jsonl", parts[2]);
  folder.write("dev.jsonl", "");
  folder.write("manifest.json", parts[3].empty() ? manifest_for(parts[0], parts[2]) : parts[3]);
  Benchmark benchmark;
  if (!hones::fuzz::accepted([&] { benchmark = hones::benchmark::load(folder.path(), "discovery"); }))
    return 0;
  hones::fuzz::read_whole(!benchmark.records.empty());
  use(benchmark);
  std::string records, queries;
  for (const auto& record : benchmark.records) records += to_json_line(record) + "\n";
  for (const auto& query : benchmark.queries) queries += to_json_line(query) + "\n";
  folder.write("discovery.jsonl", records);
  folder.write("retrieval/discovery.jsonl", queries);
  const auto again = hones::benchmark::load(folder.path(), "discovery");
  if (lines_of(again) != records + queries) hones::fuzz::defect("a line does not go there and back");
  return 0;
}
