// Fixtures of the model tests: checkpoints and what transformers computes with them (tests/data/README.md).
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/checkpoint/safetensors.hpp>
#include <hones/family/family.hpp>
#include <hones/family/vlm.hpp>
#include <hones/image/image.hpp>
#include <hones/model/dtype.hpp>
#include <hones/model/runs/generation.hpp>
#include <hones/model/threads.hpp>

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

// A checkpoint with its packer.
class Llava {
 public:
  Llava(const std::filesystem::path& folder, at::ScalarType dtype)
      : packer_(family::family_of(folder).open_packer(folder, choice::Prompts::paper)),
        vlm_(family::open_vlm(folder, dtype, std::make_shared<model::WholeModel>())) {}

  const family::Packer& packer() const { return *packer_; }
  const model::Decoder& decoder() const { return vlm_->decoder(); }
  const checkpoint::ModelConfig& config() const { return vlm_->config(); }
  operator const model::Vlm&() const { return *vlm_; }
  const model::Vlm* operator->() const { return vlm_.get(); }
  at::Tensor embed(const model::EncodedPrompt& prompt) const { return vlm_->embed(prompt); }

 private:
  std::unique_ptr<const family::Packer> packer_;
  std::unique_ptr<const model::Vlm> vlm_;
};

// Text whose positions count from 0, on one axis.
inline text::Prompt linear_prompt(std::vector<std::int64_t> ids, std::vector<text::Span> images = {}) {
  std::vector<std::int64_t> axis(ids.size());
  std::iota(axis.begin(), axis.end(), std::int64_t{0});
  const std::int64_t next = std::ssize(ids);
  return {"", std::move(ids), {std::move(axis)}, std::move(images), next};
}

// `prompt` with more ids behind it.
inline text::Prompt longer(const text::Prompt& prompt, const std::vector<std::int64_t>& more) {
  std::vector<std::int64_t> ids = prompt.ids;
  ids.insert(ids.end(), more.begin(), more.end());
  return linear_prompt(std::move(ids), prompt.images);
}

inline model::Sequence linear_sequence(std::int64_t length, std::int64_t first = 0) {
  return {model::answer_positions(1, first, length), {{-1, 0, length}}};
}

// The prompt with the picture that the fixtures were made with.
inline model::EncodedPrompt fixture_prompt(const Llava& model, const std::string& folder,
                                           const model::Observer* observer = nullptr) {
  const nlohmann::json meta = metadata(folder);
  const image::Image picture = image::decode_file(data(meta["picture"]));
  return {model.packer().pack_rendered(meta["image_prompt"].get<std::string>()),
          model->encode_picture(picture, observer)};
}

// A plain forward of a prompt with every hidden state read out.
inline model::ForwardInput whole(const Llava& model, const model::EncodedPrompt& prompt,
                                 std::vector<model::RowEdit> rows) {
  model::ForwardInput input;
  input.residual = model.embed(prompt);
  input.sequence = model::sequence_of(prompt.prompt);
  input.rows = std::move(rows);
  for (std::int64_t t = 0; t < input.sequence.length(); ++t) input.readouts.hidden_at.push_back(t);
  return input;
}

inline model::RowEdit replace(std::int64_t layer, std::vector<std::int64_t> heads,
                              model::Operator op = model::Operator::mean) {
  return {{{layer, std::move(heads), op, {}}}, {}};
}

}  // namespace hones::test
