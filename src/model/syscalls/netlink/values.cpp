// Values in netlink messages: numbers, addresses, structures, arrays.
#include <array>
#include <bit>
#include <cstring>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/netlink/schema.hpp"
#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace::netlink {
namespace {

std::uint64_t number_in(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

/// Hands the kind's bytes, if they could be read, to `body(bytes)`.
template <class Body>
bool with_bytes(const Walk& walk, const Piece& piece, std::uint64_t size, Body&& body) {
  if (piece.size < size) return false;
  if (piece.is_readable(size)) {
    body(piece.bytes.first(size));
  } else {
    print_address(walk.c, piece.address);
  }
  return true;
}

template <class Body>
bool with_number(const Walk& walk, const Piece& piece, const Kind& kind, Body&& body) {
  return with_bytes(walk, piece, kind.size, [&](std::span<const std::byte> bytes) { body(number_in(bytes)); });
}

std::uint64_t from_network_order(std::uint64_t value, std::uint16_t size) {
  return size <= 1 ? value : __builtin_bswap64(value) >> (64 - 8 * size);
}

/// The bytes as they lie, beside what they mean.
template <class Meaning>
bool with_network_order(const Walk& walk, const Piece& piece, const Kind& kind, Meaning&& meaning) {
  return with_bytes(walk, piece, kind.size, [&](std::span<const std::byte> bytes) {
    print_meaning(
        walk.c, [&] { append_quoted_hex(walk.c.out(), bytes); },
        [&] {
          walk.c.put(kind.size == 2 ? "htons(" : kind.size == 4 ? "htonl(" : "htobe64(");
          meaning(from_network_order(number_in(bytes), kind.size));
          walk.c.put(")");
        });
  });
}

/// `first`, here and below: the number that the lowest bit stands for.
void print_bit(ArgContext& c, std::string_view name, unsigned first) {
  c.print("1<<{}{}{}", first == 0 ? "" : "(", name, first == 0 ? "" : "-1)");
}

/// Prints 1<<A|1<<B, and the bits without names behind. False, and nothing printed, if none has a name.
bool print_named_bits(ArgContext& c, std::uint64_t bits, std::span<const NamedValue> names, unsigned first) {
  std::uint64_t rest = bits;
  for (const NamedValue& known : names) {
    const bool is_bit = known.value >= first && known.value - first < 64;
    const std::uint64_t bit = is_bit ? std::uint64_t{1} << (known.value - first) : 0;
    if ((rest & bit) == 0) continue;
    if (rest != bits) c.put("|");
    print_bit(c, known.name, first);
    rest &= ~bit;
  }
  if (rest != 0 && rest != bits) c.print("|{:#x}", rest);
  return rest != bits;
}

void print_bits(ArgContext& c, std::uint64_t bits, const NameTable& names, unsigned first) {
  if (bits == 0 || c.constants() == ConstantStyle::raw) {
    print_hex(c, bits);
    return;
  }
  const bool verbose = c.constants() == ConstantStyle::verbose;
  if (verbose) c.print("{:#x} /* ", bits);
  const bool is_named = print_named_bits(c, bits, names.values, first);
  if (!is_named && !verbose) c.print("{:#x} /* ", bits);
  if (!is_named) print_bit(c, names.unknown, first);
  if (verbose || !is_named) c.put(" */");
}

bool show_bits(const Walk& walk, const Piece& piece, const Kind& kind, unsigned first) {
  return with_number(walk, piece, kind, [&](std::uint64_t bits) { print_bits(walk.c, bits, *kind.names, first); });
}

/// Prints a member. False, and nothing printed, if nothing is shown of it.
bool print_field(const Walk& member, const Piece& piece, const Field& field, bool is_first) {
  ArgContext& c = member.c;
  const std::size_t before = c.out().size();
  if (!is_first) c.put(", ");
  if (!field.name.empty()) c.print("{}=", field.name);
  const std::size_t start = c.out().size();
  const bool printed = field.kind.show(member, piece.from(field.offset), field.kind) && c.out().size() != start;
  if (!printed) c.out().resize(before);
  return printed;
}

}  // namespace

bool show_unsigned(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) { walk.c.put_number(value); });
}

bool show_unless_zero(const Walk& walk, const Piece& piece, const Kind& kind) {
  const auto bytes = piece.first(kind.size).bytes;
  if (std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; })) return false;
  return show_hex(walk, piece, kind);
}

bool show_signed(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) {
    const unsigned unused = 64 - 8u * kind.size;
    walk.c.put_number(static_cast<std::int64_t>(value << unused) >> unused);
  });
}

bool show_hex(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) { print_hex(walk.c, value); });
}

bool show_choice(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) {
    print_choice(walk.c, value, kind.names->values, kind.names->unknown);
  });
}

bool show_decimal_choice(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) {
    const auto number = [&] { walk.c.put_number(value); };
    const auto names = kind.names != nullptr ? kind.names->values : std::span<const NamedValue>();
    const auto found = std::ranges::find(names, value, &NamedValue::value);
    const std::uint64_t greatest = UINT64_MAX >> (64 - 8u * kind.size);
    if (found == names.end() && value != greatest) {
      number();
      return;
    }
    print_meaning(walk.c, number, [&] {
      if (found != names.end()) {
        walk.c.put(found->name);
      } else {
        walk.c.print("UINT{}_MAX", 8u * kind.size);
      }
    });
  });
}

bool show_flags(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind,
                     [&](std::uint64_t value) { print_flags(walk.c, value, kind.names->values, kind.names->unknown); });
}

bool show_shifted(const Walk& walk, const Piece& piece, const Kind& kind) { return show_bits(walk, piece, kind, 0); }
bool show_shifted_next(const Walk& walk, const Piece& piece, const Kind& kind) {
  return show_bits(walk, piece, kind, 1);
}

bool show_network_order(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_network_order(walk, piece, kind, [&](std::uint64_t value) { walk.c.put_number(value); });
}

bool show_network_hex(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_network_order(walk, piece, kind, [&](std::uint64_t value) { print_hex(walk.c, value); });
}

bool show_network_choice(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) {
    walk.c.put(kind.size == 2 ? "htons(" : "htonl(");
    print_choice(walk.c, from_network_order(value, kind.size), kind.names->values, kind.names->unknown);
    walk.c.put(")");
  });
}

bool show_interface(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind,
                     [&](std::uint64_t value) { print_interface(walk.c, static_cast<std::uint32_t>(value)); });
}

bool show_user(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind,
                     [&](std::uint64_t value) { print_id(walk.c, static_cast<std::uint32_t>(value)); });
}

bool show_descriptor(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) {
    print_fd(walk.c, static_cast<std::int32_t>(static_cast<std::uint32_t>(value)));
  });
}

bool show_device(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) { print_device(walk.c, value); });
}

bool show_pointer(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) { print_address(walk.c, value); });
}

bool show_process(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_number(walk, piece, kind, [&](std::uint64_t value) {
    print_process(walk.c, static_cast<pid_t>(static_cast<std::uint32_t>(value)), ProcessKind::process);
  });
}

bool show_boxed(const Walk& walk, const Piece& piece, const Kind& kind) {
  walk.c.put("[");
  print_payload(walk, piece, *kind.element);
  walk.c.put("]");
  return true;
}

bool show_uuid(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_bytes(walk, piece, kind.size, [&](std::span<const std::byte> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const bool begins_group = i == 4 || i == 6 || i == 8 || i == 10;
      walk.c.print("{}{:02x}", begins_group ? "-" : "", static_cast<unsigned>(bytes[i]));
    }
  });
}

bool show_text(const Walk& walk, const Piece& piece, const Kind&) {
  if (!piece.is_readable(piece.size)) {
    print_address(walk.c, piece.address);
    return true;
  }
  const bool ended = !piece.bytes.empty() && piece.bytes.back() == std::byte{0};
  print_quoted(walk.c, piece.bytes.first(piece.bytes.size() - (ended ? 1 : 0)), walk.c.limits().string, !ended);
  return true;
}

bool show_name(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_bytes(walk, piece, kind.size, [&](std::span<const std::byte> bytes) {
    const auto end = std::ranges::find(bytes, std::byte{0});
    const bool ended = end != bytes.end();
    const auto length = static_cast<std::size_t>(end - bytes.begin()) - (ended ? 0 : 1);
    print_quoted(walk.c, bytes.first(length), length, !ended);
  });
}

bool show_bytes(const Walk& walk, const Piece& piece, const Kind& kind) {
  if (piece.size < kind.size) return false;
  print_bytes(walk, piece.first(kind.size));
  return true;
}

bool show_hardware_address(const Walk& walk, const Piece& piece, const Kind&) {
  ArgContext& c = walk.c;
  if (!piece.is_readable(piece.size)) {
    print_address(c, piece.address);
    return true;
  }
  const auto address = [&] {
    for (std::size_t i = 0; i < piece.bytes.size(); ++i)
      c.print("{}{:02x}", i == 0 ? "" : ":", static_cast<unsigned>(piece.bytes[i]));
  };
  print_meaning(
      c, [&] { append_quoted_hex(c.out(), piece.bytes); }, address);
  return true;
}

bool show_inet(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_bytes(walk, piece, kind.size, [&](std::span<const std::byte> bytes) {
    print_inet_addr(walk.c, static_cast<std::uint32_t>(number_in(bytes)));
  });
}

bool show_inet6(const Walk& walk, const Piece& piece, const Kind& kind) {
  return with_bytes(walk, piece, kind.size, [&](std::span<const std::byte> bytes) {
    std::array<char, INET6_ADDRSTRLEN> text;
    inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
    print_meaning(
        walk.c, [&] { append_quoted_hex(walk.c.out(), bytes); },
        [&] {
          walk.c.put("inet_pton(AF_INET6, ");
          print_quoted(walk.c, std::as_bytes(std::span(text.data(), std::strlen(text.data()))), text.size());
          walk.c.put(")");
        });
  });
}

bool show_address(const Walk& walk, const Piece& piece, const Kind&) {
  if (walk.family == AF_INET) return show_inet(walk, piece, kInet);
  if (walk.family == AF_INET6) return show_inet6(walk, piece, kInet6);
  return false;
}

bool show_structure(const Walk& walk, const Piece& piece, const Kind& kind) {
  if (piece.size < kind.structure->least) return false;
  print_structure(walk, piece, *kind.structure);
  return true;
}

namespace {

/// Elements of a size, as many as there are bytes for. `print(i, one)` prints one of them.
template <class Print>
bool show_elements(const Walk& walk, const Piece& piece, std::uint64_t size, std::uint64_t count, Print&& print) {
  if (count == 0 || piece.size < count * size) return false;
  ArgContext& c = walk.c;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Piece one = piece.from(i * size).first(size);
    if (!one.is_readable(size)) {
      if (i == 0) {
        print_address(c, piece.address);
        return true;
      }
      c.print(", ... /* {:#x} */", one.address);
      break;
    }
    c.put(i == 0 ? "[" : ", ");
    if (c.abbreviated() && i >= c.limits().string) {
      c.put("...");
      break;
    }
    print(i, one);
  }
  c.put("]");
  return true;
}

}  // namespace

std::uint64_t size_of(const Kind& kind) {
  if (kind.structure != nullptr) return kind.structure->size;
  return kind.count != 0 ? kind.count * size_of(*kind.element) : kind.size;
}

bool show_array(const Walk& walk, const Piece& piece, const Kind& kind) {
  const std::uint64_t size = size_of(*kind.element);
  const std::uint64_t count = kind.count != 0 ? kind.count : piece.size / size;
  return show_elements(walk, piece, size, count,
                       [&](std::uint64_t, const Piece& one) { print_payload(walk, one, *kind.element); });
}

bool show_indexed(const Walk& walk, const Piece& piece, const Kind& kind) {
  const std::uint64_t size = size_of(*kind.element);
  const std::uint64_t count = kind.count != 0 ? kind.count : piece.size / size;
  return show_elements(walk, piece, size, count, [&](std::uint64_t i, const Piece& one) {
    walk.c.put("[");
    const auto known = std::ranges::find(kind.names->values, i + kind.first_place, &NamedValue::value);
    if (known == kind.names->values.end()) {
      print_choice(walk.c, i, {}, kind.names->unknown, Digits::decimal);
    } else if (kind.first_place == 0) {
      print_constant(walk.c, i, known->name, Digits::decimal);
    } else {
      print_constant(walk.c, i, fmt::format("{}-{}", known->name, kind.first_place), Digits::decimal);
    }
    walk.c.put("]=");
    print_payload(walk, one, *kind.element);
  });
}

void print_bytes(const Walk& walk, const Piece& piece) {
  const auto shown = std::min<std::uint64_t>(piece.size, walk.c.limits().string);
  if (piece.is_readable(shown)) {
    append_quoted_hex(walk.c.out(), piece.bytes.first(shown), shown < piece.size);
  } else {
    print_address(walk.c, piece.address);
  }
}

void print_payload(const Walk& walk, const Piece& piece, const Kind& kind) {
  if (kind.show == nullptr || !kind.show(walk, piece, kind)) print_bytes(walk, piece);
}

void print_fields(const Walk& walk, const Piece& piece, std::span<const Field> fields) {
  Walk member = walk;
  member.within = &piece;
  bool any = false;
  bool hidden = false;
  for (const Field& field : fields) {
    if (field.exists != nullptr && !field.exists(member)) continue;
    if (field.shown == Shown::in_full && walk.c.abbreviated()) {
      hidden = true;
    } else {
      any = print_field(member, piece, field, !any) || any;
    }
  }
  if (hidden) walk.c.put(any ? ", ..." : "...");
}

void print_structure(const Walk& walk, const Piece& piece, const Structure& structure) {
  const Piece whole = piece.first(structure.size);
  if (!whole.is_readable(whole.size)) {
    print_address(walk.c, piece.address);
    return;
  }
  walk.c.put("{");
  print_fields(walk, whole, structure.fields);
  walk.c.put("}");
}

}  // namespace vdsotrace::netlink
