// LLaVA-1.5 (docs/models.md 2): linear positions, one picture of always as many tokens, CLIP and a projector.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <hones/checkpoint/llava.hpp>
#include <hones/family/family.hpp>

namespace hones::family::llava {

// As the published template renders one image and one text, or ("release") as the authors' code does.
text::ChatTemplate chat(choice::Prompts prompts);
checkpoint::ModelConfig read_config(const std::filesystem::path& folder);
std::unique_ptr<const Packer> open_packer(const std::filesystem::path& folder, choice::Prompts prompts);
checkpoint::TensorMap tensors(const std::filesystem::path& folder);

inline constexpr Family kFamily{"llava", chat, read_config, open_packer, checkpoint::chat_template_warning,
                                tensors};

}  // namespace hones::family::llava
