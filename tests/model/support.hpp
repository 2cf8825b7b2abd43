// Fixtures of the model tests: checkpoints and what transformers computes with them (tests/data/README.md).
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/checkpoint/safetensors.hpp>
#include <hones/image/image.hpp>
#include <hones/model/generation.hpp>

namespace hones::test {

// One thread, as in the program: several would spin against each other on shared cores.
inline const bool kOneThread = [] {
  model::configure_threads(1);
  return true;
}();

inline std::filesystem::path data(const std::string& name) {
  return std::filesystem::path(HONES_TEST_DATA) / name;
}

class Expected {
 public:
  Expected(const std::string& folder, const std::string& name)
      : tensors_(checkpoint::read_safetensors(data(folder) / (name + ".safetensors"))) {}

  bool has(const std::string& name) const { return tensors_.contains(name); }
  at::Tensor operator[](const std::string& name) const {
    const checkpoint::TensorView& view = tensors_.at(name);
    const auto dtype = view.dtype == checkpoint::Dtype::i64 ? at::kLong : at::kFloat;
    return at::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape, dtype).clone();
  }
  std::vector<std::int64_t> ids(const std::string& name) const {
    const at::Tensor t = (*this)[name];
    return {t.const_data_ptr<std::int64_t>(), t.const_data_ptr<std::int64_t>() + t.numel()};
  }
  std::size_t size() const { return tensors_.size(); }

 private:
  checkpoint::TensorMap tensors_;
};

inline nlohmann::json metadata(const std::string& folder) {
  return nlohmann::json::parse(std::ifstream(data(folder) / "metadata.json"));
}

// max |a - b| / max |b|: the measure of docs/models.md 6.4.
inline double relative_error(const at::Tensor& ours, const at::Tensor& reference) {
  return ((ours.to(at::kDouble) - reference.to(at::kDouble)).abs().max() /
          reference.to(at::kDouble).abs().max())
      .item<double>();
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && at::equal(a, b);
}

// The prompt with the picture that the fixtures were made with.
inline model::EncodedPrompt fixture_prompt(const model::Llava& model, const std::string& folder,
                                           const model::Observer* observer = nullptr) {
  const nlohmann::json meta = metadata(folder);
  const image::Image picture = image::decode_file(data(meta["picture"]));
  const auto prompt =
      text::make_raw_prompt(model.tokenizer(), text::llava_chat(), meta["image_prompt"].get<std::string>(),
                            static_cast<std::size_t>(model.image_tokens()));
  return {prompt.ids, model.encode_picture(picture, observer)};
}

// A plain forward of a prompt with every hidden state read out.
inline model::ForwardInput whole(const model::Llava& model, const model::EncodedPrompt& prompt,
                                 std::vector<model::RowEdit> rows) {
  model::ForwardInput input;
  input.start.residual = model.embed(prompt.ids, prompt.ids.size(), prompt.features);
  input.sequence = model::linear_sequence(input.start.residual.size(1));
  input.rows = std::move(rows);
  for (std::int64_t t = 0; t < input.sequence.length(); ++t) input.readouts.hidden_at.push_back(t);
  return input;
}

inline model::RowEdit replace(std::int64_t layer, std::vector<std::int64_t> heads,
                              model::Operator op = model::Operator::mean) {
  return {{{layer, std::move(heads), op, {}}}, {}};
}

}  // namespace hones::test
