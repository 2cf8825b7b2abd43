#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include <hones/text/prompt.hpp>
#include <hones/text/tokenizer.hpp>

#include "support/scratch.hpp"

namespace hones::text {

using Ids = std::vector<std::int64_t>;

// A form as a family gives it.
inline ChatTemplate llava_chat() {
  return {"USER: <image>\n", " ASSISTANT:", "<image>", " "};
}

inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(HONES_TEST_DATA) / "tokenizer" / name;
}

inline nlohmann::json read_json(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("no " + file.string());
  return nlohmann::json::parse(in);
}

inline const Tokenizer& llama() {
  static const Tokenizer tokenizer = Tokenizer::from_file(fixture("llama.json"));
  return tokenizer;
}

inline Tokenizer from_document(const nlohmann::json& document) {
  const test::Scratch scratch;
  return Tokenizer::from_file(scratch.write("tokenizer.json", document.dump()));
}

}  // namespace hones::text
