// What people choose by a word, all of it. A new choice is a value and a word here, and what it does where it
// is read; flags, files, help, checks and results follow from the list.
#pragma once

#include <array>

#include <hones/choice/words.hpp>

namespace hones::choice {

// What replaces a head's output (docs/method.md section 2).
enum class Operator { mean, zero, gaussian, none };
template <>
struct Words<Operator> {
  static constexpr std::array list{Word{Operator::mean, "mean"}, Word{Operator::zero, "zero"},
                                   Word{Operator::gaussian, "gaussian"}, Word{Operator::none, "none"}};
};

// How cells are computed.
enum class Form { fast, plain };
template <>
struct Words<Form> {
  static constexpr std::array list{Word{Form::fast, "fast"}, Word{Form::plain, "plain"}};
};

// Of weights and arithmetic. `automatic` follows from device and checkpoint.
enum class NumberFormat { automatic, fp32, bf16, fp16 };
template <>
struct Words<NumberFormat> {
  static constexpr std::array list{Word{NumberFormat::automatic, "auto"}, Word{NumberFormat::fp32, "fp32"},
                                   Word{NumberFormat::bf16, "bf16"}, Word{NumberFormat::fp16, "fp16"}};
};

// Where the model runs.
enum class Device { automatic, cpu };
template <>
struct Words<Device> {
  static constexpr std::array list{Word{Device::automatic, "auto"}, Word{Device::cpu, "cpu"}};
};

// Whose wording of the prompts (docs/method.md section 1).
enum class Prompts { paper, release };
template <>
struct Words<Prompts> {
  static constexpr std::array list{Word{Prompts::paper, "paper"}, Word{Prompts::release, "release"}};
};

// Captions over a set of instances: mean of sentence BLEU-4, or corpus BLEU-4.
enum class CaptionBleu { mean, corpus };
template <>
struct Words<CaptionBleu> {
  static constexpr std::array list{Word{CaptionBleu::mean, "mean"}, Word{CaptionBleu::corpus, "corpus"}};
};

// References of an open-ended task as attribution target: encoded one by one, or joined by blanks first.
enum class TargetJoin { separate, release_join };
template <>
struct Words<TargetJoin> {
  static constexpr std::array list{Word{TargetJoin::separate, "separate"},
                                   Word{TargetJoin::release_join, "release_join"}};
};

// Positive part of a neuron's contribution drop: of each instance, or of the mean.
enum class NeuronMode { per_instance, after_mean };
template <>
struct Words<NeuronMode> {
  static constexpr std::array list{Word{NeuronMode::per_instance, "per_instance"},
                                   Word{NeuronMode::after_mean, "after_mean"}};
};

// Of each critical head in a neuron's importance: max(I(h), 0), or 1.
enum class HeadWeights { importance, uniform };
template <>
struct Words<HeadWeights> {
  static constexpr std::array list{Word{HeadWeights::importance, "importance"},
                                   Word{HeadWeights::uniform, "uniform"}};
};

}  // namespace hones::choice
