#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/benchmark/embeddings.hpp>
#include <hones/checkpoint/safetensors.hpp>

#include "npy.hpp"

namespace hones::benchmark {

namespace {

using Kind = EmbeddingRows::Kind;
using Matrix = EmbeddingRows::Matrix;

std::size_t size_of(Kind kind) {
  return kind == Kind::f64 ? 8 : kind == Kind::f32 ? 4 : 2;
}

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

double half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 31) return fraction ? std::nan("") : sign * HUGE_VAL;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

double number(Kind kind, const std::byte* at) {
  switch (kind) {
    case Kind::f64:
      return load<double>(at);
    case Kind::f32:
      return load<float>(at);
    case Kind::f16:
      return half(load<std::uint16_t>(at));
    case Kind::bf16: {
      const std::uint32_t bits = std::uint32_t{load<std::uint16_t>(at)} << 16;
      return load<float>(reinterpret_cast<const std::byte*>(&bits));
    }
  }
  throw InternalError("no such kind of number");
}

void check_matrix(const Matrix& matrix) {
  if (matrix.columns == 0) throw DataError(matrix.name + ": rows without columns");
}

std::vector<std::int64_t> ids_in(std::span<const std::byte> bytes) {
  std::vector<std::int64_t> ids(bytes.size() / sizeof(std::int64_t));
  if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), ids.size() * sizeof(std::int64_t));
  return ids;
}

template <typename T>
std::string shape_text(const std::vector<T>& shape) {
  std::string text;
  for (const T size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

}  // namespace

EmbeddingRows::EmbeddingRows(Matrix matrix, std::span<const std::int64_t> ids) : matrix_(std::move(matrix)) {
  check_matrix(matrix_);
  if (ids.size() != matrix_.rows) {
    throw DataError(matrix_.name + ": " + std::to_string(matrix_.rows) + " rows, but " +
                    std::to_string(ids.size()) + " caption ids");
  }
  position_.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!position_.emplace(ids[i], i).second) {
      throw DataError(matrix_.name + ": caption id " + std::to_string(ids[i]) + " of row " +
                      std::to_string(i) + " stands there twice");
    }
  }
}

std::vector<double> EmbeddingRows::row(std::int64_t caption_id) const {
  const auto found = position_.find(caption_id);
  if (found == position_.end())
    throw DataError(matrix_.name + ": no row for the caption " + std::to_string(caption_id));
  std::vector<double> values(matrix_.columns);
  const std::size_t width = size_of(matrix_.kind);
  const std::byte* at = matrix_.bytes.data() + found->second * matrix_.columns * width;
  for (std::size_t c = 0; c < values.size(); ++c) {
    values[c] = number(matrix_.kind, at + c * width);
    if (!(std::abs(values[c]) <= std::numeric_limits<float>::max())) {
      throw DataError(matrix_.name + ": row of the caption " + std::to_string(caption_id) + ", column " +
                      std::to_string(c) + ": not a finite number of fp32's range");
    }
  }
  return values;
}

namespace {

class TensorFile {
 public:
  explicit TensorFile(const std::filesystem::path& file)
      : file_(file), tensors_(checkpoint::read_safetensors(file)) {}

  bool has(const std::string& name) const { return tensors_.contains(name); }

  EmbeddingRows rows(const std::string& name, const std::string& ids) const {
    const checkpoint::TensorView& view = tensor(name, 2);
    Matrix matrix{kind_of(view.dtype, name),
                  static_cast<std::size_t>(view.shape[0]),
                  static_cast<std::size_t>(view.shape[1]),
                  view.bytes,
                  view.mapping,
                  named(name)};
    const checkpoint::TensorView& names = tensor(ids, 1);
    if (names.dtype != checkpoint::Dtype::i64) {
      throw DataError(named(ids) + ": dtype " + checkpoint::name_of(names.dtype) + ", expected I64");
    }
    return {std::move(matrix), ids_in(names.bytes)};
  }

 private:
  std::string named(const std::string& tensor) const { return file_.string() + ": tensor " + tensor; }

  const checkpoint::TensorView& tensor(const std::string& name, std::size_t dimensions) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end())
      throw DataError(named(name) + ": missing (tools/embed_captions.py writes such files)");
    if (found->second.shape.size() != dimensions) {
      throw DataError(named(name) + ": shape " + shape_text(found->second.shape) + ", expected " +
                      std::to_string(dimensions) + " dimension(s)");
    }
    return found->second;
  }

  Kind kind_of(checkpoint::Dtype dtype, const std::string& name) const {
    if (dtype == checkpoint::Dtype::f32) return Kind::f32;
    if (dtype == checkpoint::Dtype::f16) return Kind::f16;
    if (dtype == checkpoint::Dtype::bf16) return Kind::bf16;
    throw DataError(named(name) + ": dtype " + checkpoint::name_of(dtype) + ", expected F32, F16 or BF16");
  }

  const std::filesystem::path& file_;
  checkpoint::TensorMap tensors_;
};

Embeddings from_safetensors(const std::filesystem::path& file) {
  const TensorFile tensors(file);
  Embeddings read{tensors.rows("captions", "caption_ids"), std::nullopt, "", {file}};
  if (tensors.has("images")) read.images = tensors.rows("images", "image_caption_ids");
  const auto metadata = checkpoint::read_safetensors_metadata(file);
  if (metadata.contains("model")) read.model = metadata.at("model");
  return read;
}

EmbeddingRows npy_rows(const std::filesystem::path& file, const std::filesystem::path& ids,
                       std::vector<std::filesystem::path>& inputs) {
  std::error_code ignored;
  if (!std::filesystem::exists(ids, ignored)) {
    throw DataError(ids.string() + ": no such file; expected the caption id of each row of " +
                    file.filename().string() + ", <i8 of one dimension");
  }
  const NpyArray array = read_npy(file), names = read_npy(ids);
  const auto kind =
      array.type == "<f2"   ? Kind::f16
      : array.type == "<f4" ? Kind::f32
      : array.type == "<f8"
          ? Kind::f64
          : throw DataError(file.string() + ": type " + array.type + ", expected <f2, <f4 or <f8");
  if (array.shape.size() != 2)
    throw DataError(file.string() + ": shape " + shape_text(array.shape) + ", expected two dimensions");
  if (names.type != "<i8" || names.shape.size() != 1) {
    throw DataError(ids.string() + ": type " + names.type + ", shape " + shape_text(names.shape) +
                    ", expected <i8 of one dimension, the caption id of each row");
  }
  inputs.push_back(file);
  inputs.push_back(ids);
  return {{kind, array.shape[0], array.shape[1], array.bytes, array.keeps, file.string()},
          ids_in(names.bytes)};
}

Embeddings from_npy(const std::filesystem::path& file) {
  const auto beside = [&](const char* ending) {
    return std::filesystem::path(file).replace_extension(ending);
  };
  std::vector<std::filesystem::path> inputs;
  EmbeddingRows captions = npy_rows(file, beside(".ids.npy"), inputs);
  std::optional<EmbeddingRows> images;
  std::error_code ignored;
  if (std::filesystem::exists(beside(".images.npy"), ignored))
    images = npy_rows(beside(".images.npy"), beside(".images.ids.npy"), inputs);
  return {std::move(captions), std::move(images), "", std::move(inputs)};
}

}  // namespace

Embeddings read_embeddings(const std::filesystem::path& file) {
  check_readable(file);
  if (file.extension() != ".npy" && file.extension() != ".safetensors")
    throw DataError(file.string() + ": expected a .safetensors or .npy file of embeddings");
  Embeddings read = file.extension() == ".npy" ? from_npy(file) : from_safetensors(file);
  if (read.images && read.images->columns() != read.captions.columns()) {
    throw DataError(file.string() + ": captions have " + std::to_string(read.captions.columns()) +
                    " columns, pictures " + std::to_string(read.images->columns()) +
                    "; expected vectors of one space");
  }
  return read;
}

}  // namespace hones::benchmark
