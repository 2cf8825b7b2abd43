// The families of models: a folder src/family/NAME each, which alone knows the family's configuration, tensor
// names, chat form, packer and vision tower, and one entry here. No tensors.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <hones/checkpoint/decoder_config.hpp>
#include <hones/checkpoint/safetensors.hpp>
#include <hones/choice/choices.hpp>
#include <hones/family/packer.hpp>

namespace hones::family {

struct Family {
  std::string_view name;  // config.json's model_type
  // The chat form of --prompts paper or release.
  text::ChatTemplate (*chat)(choice::Prompts prompts);
  // All of a checkpoint folder but its weights. DataError naming file and field.
  checkpoint::ModelConfig (*read_config)(const std::filesystem::path& folder);
  std::unique_ptr<const Packer> (*open_packer)(const std::filesystem::path& folder, choice::Prompts prompts);
  // One line that warns of prompts the checkpoint was not made for; empty: none.
  std::string (*chat_warning)(const std::filesystem::path& folder);
  // Its tensors under normalised names, complete and of the right shapes, mapped. DataError.
  checkpoint::TensorMap (*tensors)(const std::filesystem::path& folder);
};

// By the model_type of config.json in the folder. A folder of none of the known families (or without a
// readable config.json) gets the first one, whose readers say what is wrong.
const Family& family_of(const std::filesystem::path& folder);

// The one that is meant where no checkpoint is in sight (contact sheets of a benchmark).
const Family& default_family();

}  // namespace hones::family
