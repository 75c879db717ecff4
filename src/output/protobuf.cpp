#include "output/protobuf.hpp"

namespace vdsotrace {
namespace {

enum class WireType : std::uint32_t { varint = 0, length_delimited = 2 };

/// Seven bits a byte, the lowest first; the top bit says that more follow.
void append_varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
}

void append_tag(std::string& bytes, std::uint32_t field, WireType type) {
  append_varint(bytes, field << 3 | static_cast<std::uint32_t>(type));
}

}  // namespace

void ProtobufMessage::integer(std::uint32_t field, std::uint64_t value) {
  if (value == 0) return;
  append_tag(bytes_, field, WireType::varint);
  append_varint(bytes_, value);
}

void ProtobufMessage::integers(std::uint32_t field, const std::vector<std::uint64_t>& values) {
  if (values.empty()) return;
  std::string packed;
  for (const std::uint64_t value : values) append_varint(packed, value);
  text(field, packed);
}

void ProtobufMessage::text(std::uint32_t field, std::string_view value) {
  append_tag(bytes_, field, WireType::length_delimited);
  append_varint(bytes_, value.size());
  bytes_ += value;
}

}  // namespace vdsotrace
