// Messages of Protocol Buffers, written field by field (protobuf.dev/programming-guides/encoding). A field that is zero
// or empty is left out, as readers take it for that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vdsotrace {

class ProtobufMessage {
 public:
  /// Of type uint64, int64 or bool.
  void integer(std::uint32_t field, std::uint64_t value);
  /// Repeated integers, packed.
  void integers(std::uint32_t field, const std::vector<std::uint64_t>& values);
  /// A string, also an empty one: in a repeated field each counts.
  void text(std::uint32_t field, std::string_view value);
  void message(std::uint32_t field, const ProtobufMessage& value) { text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace vdsotrace
