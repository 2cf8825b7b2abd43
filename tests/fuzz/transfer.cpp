// A transfer set's file, behind one letter that says which: g GQA, t TextVQA, j c k Flickr30k as JSON, CSV,
// token file. What is read can be written as records.
#include <hones/benchmark/records.hpp>

#include "support.hpp"
#include "transfer_files.hpp"

namespace {

using hones::benchmark::TransferFile;

TransferFile read(char form, const hones::fuzz::Folder& folder, const std::string& text) {
  switch (form) {
    case 'g':
      return hones::benchmark::read_gqa(folder.write("g.json", text));
    case 't':
      return hones::benchmark::read_textvqa(folder.write("t.json", text));
    case 'j':
      return hones::benchmark::read_flickr30k(folder.write("f.json", text), "test");
    case 'c':
      return hones::benchmark::read_flickr30k(folder.write("f.csv", text), "test");
    default:
      return hones::benchmark::read_flickr30k(folder.write("f.token", text), "test");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const hones::fuzz::Folder folder;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  TransferFile file;
  if (!hones::fuzz::accepted([&] { file = read(static_cast<char>(data[0]), folder, text); })) return 0;
  hones::fuzz::read_whole(!file.records.empty());
  for (const auto& record : file.records) to_json_line(record);
  return 0;
}
