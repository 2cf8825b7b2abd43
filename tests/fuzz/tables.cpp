// Files beside the benchmark, behind one letter: n a .npy with its .ids.npy and perhaps the same of images,
// one after another, s a .safetensors of vectors, p predictions NUL references of `score`, r the same with
// scores and relevance, t a TOML file of tasks.
#include <hones/benchmark/embeddings.hpp>
#include <hones/benchmark/score.hpp>
#include <hones/task/task.hpp>

#include "support.hpp"

namespace {

using namespace hones;

// One row is enough to reach past the end of the data, where the shape says too much.
void read_vectors(const std::filesystem::path& file) {
  const benchmark::Embeddings vectors = benchmark::read_embeddings(file);
  if (vectors.captions.has(1)) vectors.captions.row(1);
  if (vectors.images && vectors.images->has(1)) vectors.images->row(1);
  fuzz::read_whole(vectors.captions.rows() > 0);
}

// Every file begins with the magic bytes of the format.
void read_numpy(const fuzz::Folder& folder, std::string_view text) {
  constexpr std::string_view magic = "\x93NUMPY";
  bool there = true;
  for (const char* name : {"v.npy", "v.ids.npy", "v.images.npy", "v.images.ids.npy"}) {
    const std::size_t end = text.find(magic, 1);
    if (there) {
      folder.write(name, std::string(text.substr(0, end)));
    } else {
      std::filesystem::remove(folder.path() / name);  // an earlier input's
    }
    there = end != std::string_view::npos;
    text.remove_prefix(there ? end : text.size());
  }
  read_vectors(folder.path() / "v.npy");
}

void score(const fuzz::Folder& folder, const std::string& text, const std::vector<std::string>& metrics) {
  const auto parts = fuzz::parts_of(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), 2);
  const auto said = folder.write("said.jsonl", parts[0]), wanted = folder.write("wanted.jsonl", parts[1]);
  for (const std::string& name : metrics) {
    fuzz::accepted([&] {
      const benchmark::ScoreReport report = benchmark::score(name, said, wanted);
      fuzz::read_whole(true);
      if (!(report.value >= 0 && report.value <= 1 + 1e-9)) fuzz::defect("a value of " + name);
    });
  }
}

void read(char form, const fuzz::Folder& folder, const std::string& text) {
  switch (form) {
    case 'n':
      return read_numpy(folder, text);
    case 's':
      return read_vectors(folder.write("v.safetensors", text));
    case 'p':
      return score(folder, text,
                   {"vqa_accuracy:normalize_always", "textvqa_accuracy", "gqa_accuracy:official", "anls:rrc",
                    "anls:stvqa_m4c", "bleu4:corpus"});
    case 'r':
      return score(folder, text, {"ndcg5:tie_average", "ndcg5:optimistic"});
    default:
      for (const task::Definition& task : task::with_tasks(task::built_in_tasks(), text, "t.toml"))
        task::Task(task, hones::choice::Prompts::paper);
      fuzz::read_whole(true);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder folder;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  fuzz::accepted([&] { read(static_cast<char>(data[0]), folder, text); });
  return 0;
}
