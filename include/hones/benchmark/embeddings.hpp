// Vectors of captions and pictures, made outside (tools/embed_captions.py) and read from a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace hones::benchmark {

// A matrix whose rows are named by caption ids; numbers stay in the file and are converted when asked for.
class EmbeddingRows {
 public:
  enum class Kind { f16, bf16, f32, f64 };
  struct Matrix {
    Kind kind = Kind::f32;
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::span<const std::byte> bytes;   // row-major, little-endian; may be misaligned
    std::shared_ptr<const void> keeps;  // `bytes` alive
    std::string name;                   // FILE or "FILE: tensor NAME", for errors
  };
  // Throws DataError for another number of ids than rows and for an id that stands there twice.
  EmbeddingRows(Matrix matrix, std::span<const std::int64_t> ids);

  std::size_t rows() const { return matrix_.rows; }
  std::size_t columns() const { return matrix_.columns; }
  bool has(std::int64_t caption_id) const { return position_.contains(caption_id); }
  // Throws DataError naming matrix and id where there is no such row, or a number of it is not finite.
  std::vector<double> row(std::int64_t caption_id) const;

 private:
  Matrix matrix_;
  std::unordered_map<std::int64_t, std::size_t> position_;
};

struct Embeddings {
  EmbeddingRows captions;
  // Vectors of pictures in the same space; a row is named by any caption of its picture.
  std::optional<EmbeddingRows> images;
  std::string model;                          // what made them; empty where the file does not tell
  std::vector<std::filesystem::path> inputs;  // the files read
};

// FILE.safetensors: `captions` [N, D] (F32, F16, BF16), `caption_ids` I64 [N], and perhaps `images` [M, D],
// `image_caption_ids` I64 [M]; the metadata entry `model` names the encoder. FILE.npy (<f2, <f4, <f8) with
// FILE.ids.npy (<i8) beside it, and perhaps FILE.images.npy with FILE.images.ids.npy. Throws DataError naming
// file, tensor and what was expected.
Embeddings read_embeddings(const std::filesystem::path& file);

}  // namespace hones::benchmark
