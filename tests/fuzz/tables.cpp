// Files beside the benchmark, behind one letter: n a .npy with its .ids.npy (NUL NUL NUL between them), s a
// .safetensors of vectors, p predictions NUL references of `score`, r the same with scores and relevance,
// t a TOML file of tasks.
#include <hones/benchmark/embeddings.hpp>
#include <hones/benchmark/score.hpp>
#include <hones/task/task.hpp>

#include "support.hpp"

namespace {

using namespace hones;

void read_numpy(const fuzz::Folder& folder, const std::string& text) {
  const std::string between(3, '\0');  // .npy headers hold single ones
  const std::size_t cut = std::min(text.find(between), text.size());
  folder.write("v.npy", text.substr(0, cut));
  folder.write("v.ids.npy", text.substr(std::min(cut + between.size(), text.size())));
  const benchmark::Embeddings vectors = benchmark::read_embeddings(folder.path() / "v.npy");
  fuzz::read_whole(vectors.captions.rows() > 0);
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
      benchmark::read_embeddings(folder.write("v.safetensors", text));
      return fuzz::read_whole(true);
    case 'p':
      return score(folder, text,
                   {"vqa_accuracy:normalize_always", "textvqa_accuracy", "gqa_accuracy:official", "anls:rrc",
                    "anls:stvqa_m4c", "bleu4:corpus"});
    case 'r':
      return score(folder, text, {"ndcg5:tie_average", "ndcg5:optimistic"});
    default:
      for (const task::Definition& task : task::with_tasks(task::built_in_tasks(), text, "t.toml"))
        task::Task(task, "paper");
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
