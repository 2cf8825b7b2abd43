// The official files, NUL between them: COCO captions, COCO-Text, VQAv2 questions, VQAv2 annotations. An
// empty one is not read. Whatever all four hold is then chosen from.
#include <hones/benchmark/candidates.hpp>
#include <hones/benchmark/clean.hpp>
#include <hones/benchmark/official.hpp>

#include "support.hpp"

namespace {

using namespace hones::benchmark;

void clean_all(const Sources& sources) {
  for (const auto& [id, image] : sources.images) {
    for (const Caption& caption : image.captions) {
      const std::string clean = clean_text(caption.text);
      if (clean_text(fold_caption(clean)) != fold_caption(clean))
        hones::fuzz::defect("folded text is not clean");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const hones::fuzz::Folder folder;
  const auto parts = hones::fuzz::parts_of(data, size, 4);
  Sources sources;
  bool all = true;
  const auto read = [&](bool there, auto&& act) { all = there && hones::fuzz::accepted(act) && all; };
  read(!parts[0].empty(), [&] { sources.images = read_captions(folder.write("captions.json", parts[0])); });
  read(!parts[1].empty(), [&] { sources.scene_text = read_scene_text(folder.write("text.json", parts[1])); });
  read(!parts[2].empty(), [&] {
    sources.questions =
        read_questions(folder.write("questions.json", parts[2]), folder.write("annotations.json", parts[3]));
  });
  clean_all(sources);
  if (!all) return 0;
  hones::fuzz::read_whole(!sources.images.empty());
  for (const Policy policy : {Policy::first, Policy::seeded}) {
    const Candidates candidates = choose_candidates(sources, 1, policy, policy);
    if (candidates.records.size() + candidates.rejected.size() != sources.images.size())
      hones::fuzz::defect("an image is neither a candidate nor rejected");
  }
  return 0;
}
