// arithmetic: one line that tells whether two machines compute the same bits, whatever this project's code
// does: LibTorch's version, its kind of processor, and a digest of what its operations make of fixed numbers
// in the shapes of the tests' models.
#include <cstdio>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <c10/core/InferenceMode.h>
#include <torch/headeronly/version.h>

#include <hones/base/digest.hpp>
#include <hones/model/torch.hpp>

namespace {

// Numbers in [-0.5, 0.5] without a pattern that would let errors cancel.
at::Tensor numbers(at::IntArrayRef shape, std::int64_t step) {
  std::int64_t n = 1;
  for (const std::int64_t size : shape) n *= size;
  at::Tensor values = at::empty({n}, at::kFloat);
  for (std::int64_t i = 0; i < n; ++i)
    values.data_ptr<float>()[i] = static_cast<float>((i * i + i * step) % 1009) / 1009.0F - 0.5F;
  return values.view(shape);
}

void add(hones::Sha256& digest, const at::Tensor& result) {
  const at::Tensor whole = result.contiguous();
  digest.update({static_cast<const std::byte*>(whole.data_ptr()), whole.nbytes()});
}

// A layer's operations over T positions of width D, FFN F, heads of Dh.
void add_layer(hones::Sha256& digest, std::int64_t T, std::int64_t D, std::int64_t F, std::int64_t Dh) {
  const at::Tensor x = numbers({T, D}, 3), wide = numbers({T, F}, 5);
  add(digest, at::linear(x, numbers({D, D}, 7), numbers({D}, 11)));
  add(digest, at::linear(x, numbers({F, D}, 13)));
  add(digest, at::mm(wide, numbers({D, F}, 17).t()));
  add(digest, at::addmm(x, wide, numbers({F, D}, 19)));
  for (std::int64_t row = 0; row < T; row += 7)
    add(digest, at::linear(x.slice(0, row, row + 1), numbers({F, D}, 23)));
  const at::Tensor q = numbers({2, D / Dh, T, Dh}, 29), k = numbers({2, D / Dh, T, Dh}, 31);
  const auto [attended, log_sum] = at::_scaled_dot_product_flash_attention_for_cpu(q, k, q, 0.0, true);
  add(digest, attended);
  add(digest, log_sum);
  add(digest, at::scaled_dot_product_attention(q, k, q, at::tril(at::ones({T, T}, at::kBool))));
  const at::Tensor large = wide * 20;
  for (const at::Tensor& made : {at::silu(large), at::gelu(large), at::sigmoid(large), at::softmax(large, -1),
                                 at::log_softmax(large, -1), at::logsumexp(large, -1), at::exp(large),
                                 at::rsqrt(at::pow(x, 2).mean(-1) + 1e-5), at::cos(large), at::sin(large),
                                 at::layer_norm(x, {D}, numbers({D}, 37), numbers({D}, 41), 1e-5)})
    add(digest, made);
}

}  // namespace

int main() {
  at::set_num_threads(1);
  const c10::InferenceMode no_gradients;
  hones::Sha256 digest;
  add_layer(digest, 37, 48, 128, 8);
  add_layer(digest, 122, 128, 512, 16);
  add(digest, at::conv2d(numbers({1, 3, 56, 56}, 43), numbers({32, 3, 14, 14}, 47), {}, {14, 14}));
  std::printf("LibTorch %s, %s, %s\n", TORCH_VERSION, at::get_cpu_capability().c_str(),
              digest.hex().substr(0, 16).c_str());
  return 0;
}
