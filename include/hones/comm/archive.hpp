// Values as bytes for messages, by Boost.Serialization (binary archive without header: both ends are the same
// program).
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

namespace hones::comm {

template <typename T>
std::vector<std::byte> to_bytes(const T& value) {
  std::ostringstream out(std::ios::binary);
  {
    boost::archive::binary_oarchive archive(out, boost::archive::no_header);
    archive << value;
  }
  const std::string text = std::move(out).str();
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

template <typename T>
T from_bytes(std::span<const std::byte> bytes) {
  std::istringstream in(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
                        std::ios::binary);
  boost::archive::binary_iarchive archive(in, boost::archive::no_header);
  T value{};
  archive >> value;
  return value;
}

}  // namespace hones::comm
