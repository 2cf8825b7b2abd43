#include "mpi_call.hpp"

#include <array>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include <hones/base/error.hpp>

namespace hones::comm {

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw Error(ExitCode::rank_failed,
              std::string(call) + " failed: " + std::string(text.data(), static_cast<std::size_t>(length)));
}

std::atomic<bool>& aborting() {
  static std::atomic<bool> flag{false};
  return flag;
}

void abandon(std::shared_ptr<void> operation) {
  static std::mutex mutex;
  // Never destroyed: its members must outlive MPI.
  static auto& operations = *new std::vector<std::shared_ptr<void>>;
  const std::lock_guard lock(mutex);
  operations.push_back(std::move(operation));
}

OwnedComm::OwnedComm(MPI_Comm parent) : exceptions_(std::uncaught_exceptions()) {
  check_mpi(MPI_Comm_dup(parent, &comm_), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
}

OwnedComm::OwnedComm(Adopted made) : comm_(made.comm), exceptions_(std::uncaught_exceptions()) {
  check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
}

OwnedComm OwnedComm::of_node(MPI_Comm parent, int key) {
  MPI_Comm part = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(parent, MPI_COMM_TYPE_SHARED, key, MPI_INFO_NULL, &part),
            "MPI_Comm_split_type");
  return OwnedComm(Adopted{part});
}

OwnedComm::~OwnedComm() {
  if (!aborting() && std::uncaught_exceptions() == exceptions_) MPI_Comm_free(&comm_);
}

ByteType::ByteType(std::size_t bytes, std::size_t limit) {
  if (bytes <= limit) {
    count_ = static_cast<int>(bytes);
    return;
  }
  // blocks of `limit` bytes, then the rest
  const auto block = static_cast<int>(limit);
  const std::size_t blocks = bytes / limit;
  if (blocks > INT_MAX) throw InternalError("a message of " + std::to_string(bytes) + " bytes");
  MPI_Datatype block_type = MPI_DATATYPE_NULL;
  check_mpi(MPI_Type_contiguous(block, MPI_BYTE, &block_type), "MPI_Type_contiguous");
  const std::array<int, 2> lengths{static_cast<int>(blocks), static_cast<int>(bytes % limit)};
  const std::array<MPI_Aint, 2> places{0, static_cast<MPI_Aint>(blocks * limit)};
  const std::array<MPI_Datatype, 2> types{block_type, MPI_BYTE};
  const int made = MPI_Type_create_struct(2, lengths.data(), places.data(), types.data(), &type_);
  MPI_Type_free(&block_type);
  check_mpi(made, "MPI_Type_create_struct");
  derived_ = true;
  count_ = 1;
  check_mpi(MPI_Type_commit(&type_), "MPI_Type_commit");
}

ByteType::~ByteType() {
  if (derived_) MPI_Type_free(&type_);  // operations already started with it complete all the same
}

}  // namespace hones::comm
