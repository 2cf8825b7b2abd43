// ANLS (docs/benchmark.md 3.4).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hones::metric {

// rrc: the evaluator of the scene-text and document VQA challenges. stvqa_m4c: of M4C (MMF). mp_docvqa: of
// MP-DocVQA. alnum_only: nothing but word characters counts, as in the code that was released with the paper.
enum class AnlsVariant { rrc, stvqa_m4c, mp_docvqa, alnum_only };

// Trim prediction and references before: lengths of rrc are those of the raw strings. stvqa_m4c is NaN where
// its evaluator divides by zero: prediction and a reference both empty. std::invalid_argument without
// references.
double anls(std::string_view prediction, std::span<const std::string> references,
            AnlsVariant variant = AnlsVariant::rrc);

}  // namespace hones::metric
