#include <numeric>

#include <hones/base/error.hpp>

#include "llava.hpp"

namespace hones::family::llava {

namespace {

class LlavaPacker final : public Packer {
 public:
  LlavaPacker(text::Tokenizer tokenizer, text::ChatTemplate chat, std::size_t image_tokens)
      : Packer(std::move(tokenizer), std::move(chat)), image_tokens_(image_tokens) {}

  text::Prompt pack(std::string_view user_text, bool allow_special_in_text) const override {
    return linear(text::encode_turn(tokenizer(), chat(), user_text, image_tokens_, allow_special_in_text));
  }
  text::Prompt pack_rendered(std::string_view rendered) const override {
    return linear(text::encode_rendered(tokenizer(), chat(), rendered, image_tokens_));
  }

 private:
  // Text and picture count alike: one axis, from 0.
  static text::Prompt linear(text::EncodedTurn turn) {
    std::vector<std::int64_t> axis(turn.ids.size());
    std::iota(axis.begin(), axis.end(), std::int64_t{0});
    const std::int64_t next = std::ssize(axis);
    return {std::move(turn.rendered), std::move(turn.ids), {std::move(axis)}, std::move(turn.images), next};
  }

  std::size_t image_tokens_;  // of every picture: the processor crops all to one size
};

}  // namespace

text::ChatTemplate chat(choice::Prompts prompts) {
  return {"USER: <image>\n", prompts == choice::Prompts::release ? "\nASSISTANT:" : " ASSISTANT:", "<image>",
          " "};
}

checkpoint::ModelConfig read_config(const std::filesystem::path& folder) {
  return checkpoint::read_llava_config(folder);
}

checkpoint::TensorMap tensors(const std::filesystem::path& folder) {
  return checkpoint::open_llava(folder).tensors;
}

std::unique_ptr<const Packer> open_packer(const std::filesystem::path& folder, choice::Prompts prompts) {
  const checkpoint::LlavaConfig config = checkpoint::read_llava_config(folder);
  text::Tokenizer tokenizer = text::Tokenizer::from_file(folder / "tokenizer.json");
  text::ChatTemplate form = chat(prompts);
  const auto id = tokenizer.id_of(form.image_token);
  if (id != config.image_token_id) {
    throw DataError(folder.string() + ": tokenizer.json gives " + form.image_token + " " +
                    (id ? "the id " + std::to_string(*id) : "no id") +
                    ", config.json says image_token_index " + std::to_string(config.image_token_id) +
                    "; the two files belong to different models");
  }
  return std::make_unique<LlavaPacker>(std::move(tokenizer), std::move(form),
                                       static_cast<std::size_t>(config.image_tokens));
}

}  // namespace hones::family::llava
