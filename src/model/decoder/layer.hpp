// One decoder layer, for every run: mix() up to the input of o_proj, finish() from there. What lies below a
// layer's o_proj does not depend on an edit of its heads, so that a run that resumes at layer l is finish(l),
// then both for the layers above (docs/design.md, saving 2).
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <hones/model/edits.hpp>
#include <hones/model/observer.hpp>

#include "../attention/attention.hpp"

namespace hones::model {

// What all layers of one run share. References must outlive the run.
struct LayerContext {
  const Decoder& decoder;
  Kernels& kernels;
  Products products;
  Attention& attention;
  Angles angles;                      // of the run's positions
  const std::vector<RowEdit>& edits;  // by row
  // Called with z [R, n, H, Dh] behind the head edits, and with the activations a [R, n, F] behind the gains,
  // n the positions queried. Views of buffers that the next layer overwrites. May be empty.
  std::function<void(std::int64_t layer, const at::Tensor& z)> on_z;
  std::function<void(std::int64_t layer, const at::Tensor& a)> on_a;
  const Observer* observer = nullptr;
  // False: nobody reads what the last layer's down_proj would add.
  bool to_the_end = true;
  std::int64_t fired = 0;  // interventions, counted by finish()
};

// x [R, T, D]: z [R, n, H, Dh] of the positions queried.
at::Tensor mix(std::int64_t layer, const at::Tensor& x, const LayerContext& context);

// x and z of the positions queried: x behind the layer. May write into x.
at::Tensor finish(std::int64_t layer, const at::Tensor& x, const at::Tensor& z, LayerContext& context);

// x behind all layers, through the final norm: a tensor of its own.
at::Tensor final_norm(const at::Tensor& x, const LayerContext& context);

// InternalError where an edit did not fire exactly once per row and head: a layer or head that does not
// exist, or one below the layer that the run began at.
void require_all_fired(const LayerContext& context);

}  // namespace hones::model
