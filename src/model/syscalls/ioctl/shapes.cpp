#include "model/syscalls/ioctl/shapes.hpp"

#include <vector>

namespace vdsotrace::ioctl {
namespace {

/// Numbers and texts are laid out alike in every ABI; structures may have padding.
bool has_known_layout(const ArgContext& c, const Kind& kind) {
  if (c.native_layout()) return true;
  return kind.structure == nullptr && (kind.element == nullptr || kind.element->size <= sizeof(std::uint32_t));
}

/// The bytes at an address, if all of them can be read.
class Bytes {
 public:
  Bytes(ArgContext& c, Memory& memory, std::uint64_t address, const Kind& kind)
      : address_(address), bytes_(size_of(kind)) {
    is_whole_ = address != 0 && has_known_layout(c, kind) && memory.read(address, bytes_) == bytes_.size();
  }
  explicit operator bool() const { return is_whole_; }
  Piece piece() const { return {address_, bytes_.size(), bytes_}; }

 private:
  std::uint64_t address_;
  std::vector<std::byte> bytes_;
  bool is_whole_ = false;
};

void print_filled_members(ArgContext& c, const IoctlShape& shape, const Bytes& asked) {
  c.put("{");
  print_fields(Walk{c}, asked.piece(), shape.kind.structure->fields);
  const Kind kind = structure(*shape.filled);
  if (const Bytes filled(c, c.memory(), c.value(), kind); filled && !c.failed()) {
    c.put(shape.joint);
    print_fields(Walk{c}, filled.piece(), shape.filled->fields);
  }
  c.put("}");
}

void print_unless_failed(ArgContext& c, const Kind& kind) {
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_kind_at(c, c.memory(), c.value(), kind);
  }
}

/// What was asked for was captured when the call began, by this very code.
void print_asked_and_filled(ArgContext& c, const IoctlShape& shape) {
  const Bytes asked(c, c.entry_memory(), c.value(), shape.kind);
  if (!asked) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  if (shape.way == Way::in_out) {
    print_filled_members(c, shape, asked);
    return;
  }
  print_payload(Walk{c}, asked.piece(), shape.kind);
  if (shape.way == Way::changed && c.failed()) return;
  c.put(" => ");
  print_unless_failed(c, structure(*shape.filled));
}

}  // namespace

bool show_target(const Walk& walk, const Piece& piece, const Kind& kind) {
  const auto address = piece.object<std::uint64_t>();
  if (!address) return false;
  print_kind_at(walk.c, walk.c.memory(), *address, structure(*kind.structure));
  return true;
}

bool show_array_unless_zero(const Walk& walk, const Piece& piece, const Kind& kind) {
  const auto bytes = piece.first(size_of(kind)).bytes;
  if (std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; })) return false;
  return show_array(walk, piece, kind);
}

void print_kind_at(ArgContext& c, Memory& memory, std::uint64_t address, const Kind& kind) {
  if (const Bytes bytes(c, memory, address, kind); bytes) {
    print_payload(Walk{c}, bytes.piece(), kind);
  } else {
    print_address(c, address);
  }
}

void print_structures_at(ArgContext& c, std::uint64_t address, std::uint64_t count, std::uint64_t most,
                         const Structure& element) {
  const auto read = [&](std::uint64_t at) -> std::optional<std::vector<std::byte>> {
    std::vector<std::byte> bytes(element.size);
    const bool is_shown = (at - address) / element.size < most;
    if (is_shown && c.memory().read(at, bytes) != bytes.size()) return std::nullopt;
    return bytes;
  };
  const auto print = [&](const std::vector<std::byte>& bytes) {
    print_structure(Walk{c}, {0, bytes.size(), bytes}, element);
  };
  print_elements_at(c, address, count, element.size, read, print, most);
}

void print_shape(ArgContext& c, const IoctlShape& shape) {
  switch (shape.way) {
    case Way::in: print_kind_at(c, c.memory(), c.value(), shape.kind); break;
    case Way::out:
      if (!c.wait_for_exit()) print_unless_failed(c, shape.kind);
      break;
    case Way::in_out:
    case Way::answered:
    case Way::changed: print_asked_and_filled(c, shape); break;
  }
}

}  // namespace vdsotrace::ioctl
