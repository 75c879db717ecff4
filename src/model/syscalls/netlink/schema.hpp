// How netlink messages are laid out (netlink(7)): rows that say what lies where, for tables by protocol.
//
// A message has a header, a structure that its type decides, and attributes. An attribute has a header and a payload,
// which is a number, a structure, an array or attributes again. Every length in it comes from the traced program.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "base/object_at.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/network/values.hpp"

namespace vdsotrace::netlink {

/// A part of a message: where it lies in the program, and as many of its bytes as could be read.
struct Piece {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::span<const std::byte> bytes;

  bool is_readable(std::uint64_t count) const { return bytes.size() >= std::min(count, size); }
  Piece from(std::uint64_t offset) const {
    offset = std::min(offset, size);
    return {address + offset, size - offset, bytes.subspan(std::min<std::uint64_t>(offset, bytes.size()))};
  }
  Piece first(std::uint64_t count) const {
    count = std::min(count, size);
    return {address, count, bytes.first(std::min<std::uint64_t>(count, bytes.size()))};
  }
  template <class T>
  std::optional<T> object() const {
    return object_at<T>(bytes);
  }
};

/// What IFLA_INFO_KIND and IFLA_INFO_SLAVE_KIND have said; what follows them depends on it.
struct LinkKinds {
  std::string_view link;
  std::string_view port;
};

/// What is being printed.
struct Walk {
  ArgContext& c;
  std::int32_t fd = -1;             ///< the socket
  std::uint8_t family = 0;          ///< AF_INET, ...: as the message's structure begins
  std::uint16_t protocol = 0;       ///< NETLINK_ROUTE, ...
  LinkKinds* link_kinds = nullptr;  ///< within IFLA_LINKINFO
  const Piece* within = nullptr;    ///< the structure whose member this is
};

struct Kind;
struct Structure;
struct AttributeSet;

/// Prints a value. False if there are too few bytes for it; nothing has been printed then.
using Show = bool (*)(const Walk& walk, const Piece& piece, const Kind& kind);

/// What a value is: the payload of an attribute, or a member of a structure.
struct Kind {
  Show show = nullptr;
  std::uint16_t size = 0;  ///< of a number or of a text in a structure, in bytes
  const NameTable* names = nullptr;
  const Structure* structure = nullptr;
  const AttributeSet* attributes = nullptr;
  const Kind* element = nullptr;  ///< of an array
  std::uint16_t count = 0;        ///< of an array in a structure
  std::uint8_t first_place = 0;   ///< of an array whose places have names: the number of the first
};

/// Whether a member is shown where structures are cut to what matters: "..." stands for those that are not.
enum class Shown : std::uint8_t { always, in_full };

struct Field {
  std::string_view name;  ///< empty for one that prints its name itself
  std::uint16_t offset;
  Kind kind;
  Shown shown = Shown::always;
  bool (*exists)(const Walk&) = nullptr;  ///< asks Walk::within whether the structure has this member; null: always
};

/// A structure of the kernel. What newer kernels have added at its end may be missing.
struct Structure {
  std::uint16_t size;
  std::uint16_t least;  ///< with fewer bytes it is none
  std::span<const Field> fields;
};

struct Attribute {
  std::uint16_t type;
  Kind kind;
};

struct AttributeSet {
  const NameTable* types;
  std::span<const Attribute> known;
};

/// The part of flags of a message that its type gives a meaning.
enum class FlagClass : std::uint8_t { none, get, make, remove, acknowledge };

/// What follows the header of messages of some types.
struct MessageForm {
  std::uint16_t first;
  std::uint16_t last;
  const Structure* head;
  const AttributeSet* attributes;
};

// Numbers.
bool show_unsigned(const Walk&, const Piece&, const Kind&);
bool show_signed(const Walk&, const Piece&, const Kind&);
bool show_hex(const Walk&, const Piece&, const Kind&);
bool show_unless_zero(const Walk&, const Piece&, const Kind&);  ///< hexadecimal; false for zero
bool show_choice(const Walk&, const Piece&, const Kind&);
bool show_decimal_choice(const Walk&, const Piece&, const Kind&);  ///< also UINT64_MAX, UINT32_MAX
bool show_flags(const Walk&, const Piece&, const Kind&);
bool show_shifted(const Walk&, const Piece&, const Kind&);         ///< 1<<TCP_LISTEN|1<<TCP_CLOSE
bool show_shifted_next(const Walk&, const Piece&, const Kind&);    ///< 1<<(INET_DIAG_TOS-1)
bool show_network_order(const Walk&, const Piece&, const Kind&);   ///< htons(80), htonl(1), htobe64(1)
bool show_network_hex(const Walk&, const Piece&, const Kind&);     ///< htonl(0x1)
bool show_network_choice(const Walk&, const Piece&, const Kind&);  ///< htons(ETH_P_IP)
bool show_interface(const Walk&, const Piece&, const Kind&);
bool show_user(const Walk&, const Piece&, const Kind&);
bool show_descriptor(const Walk&, const Piece&, const Kind&);
bool show_device(const Walk&, const Piece&, const Kind&);
bool show_pointer(const Walk&, const Piece&, const Kind&);  ///< NULL or 0x7ffc...
bool show_process(const Walk&, const Piece&, const Kind&);
// Bytes.
bool show_uuid(const Walk&, const Piece&, const Kind&);
bool show_text(const Walk&, const Piece&, const Kind&);
bool show_name(const Walk&, const Piece&, const Kind&);   ///< up to a NUL, however long; "..." if there is none
bool show_bytes(const Walk&, const Piece&, const Kind&);  ///< "\x01\x02"
bool show_hardware_address(const Walk&, const Piece&, const Kind&);
bool show_address(const Walk&, const Piece&, const Kind&);  ///< of the message's family
bool show_inet(const Walk&, const Piece&, const Kind&);
bool show_inet6(const Walk&, const Piece&, const Kind&);
// Compounds.
bool show_structure(const Walk&, const Piece&, const Kind&);
bool show_array(const Walk&, const Piece&, const Kind&);
bool show_indexed(const Walk&, const Piece&, const Kind&);  ///< an array whose places have names: [[A]=1, [B]=2]
bool show_attributes(const Walk&, const Piece&, const Kind&);
bool show_boxed(const Walk&, const Piece&, const Kind&);  ///< an element in brackets: [5]

constexpr Kind number(std::uint16_t size) { return {show_unsigned, size}; }
inline constexpr Kind kByte{show_unsigned, 1};
inline constexpr Kind kShort{show_unsigned, 2};
inline constexpr Kind kWord{show_unsigned, 4};
inline constexpr Kind kWide{show_unsigned, 8};
inline constexpr Kind kSigned{show_signed, 4};
inline constexpr Kind kSignedWide{show_signed, 8};
inline constexpr Kind kHexByte{show_hex, 1};
inline constexpr Kind kHexShort{show_hex, 2};
inline constexpr Kind kHexWord{show_hex, 4};
inline constexpr Kind kHexWide{show_hex, 8};
inline constexpr Kind kPort{show_network_order, 2};
inline constexpr Kind kInterface{show_interface, 4};
inline constexpr Kind kUser{show_user, 4};
inline constexpr Kind kDescriptor{show_descriptor, 4};
inline constexpr Kind kPointerTo{show_pointer, 8};
inline constexpr Kind kProcessId{show_process, 4};
inline constexpr Kind kUuid{show_uuid, 16};
inline constexpr Kind kText{show_text};
inline constexpr Kind kHardwareAddress{show_hardware_address};
inline constexpr Kind kAddress{show_address};
inline constexpr Kind kInet{show_inet, 4};
inline constexpr Kind kInet6{show_inet6, 16};
inline constexpr Kind kUnknown{};
/// What ought to be zero is shown where it is not.
constexpr Kind reserved(std::uint16_t size) { return {show_unless_zero, size}; }
constexpr Kind bytes(std::uint16_t size) { return {show_bytes, size}; }
/// A name in a structure that has so much room for it.
constexpr Kind name(std::uint16_t size) { return {show_name, size}; }
constexpr Kind choice(std::uint16_t size, const NameTable& names) { return {show_choice, size, &names}; }
/// A number that may stand for something. Without names: for "all of them".
constexpr Kind decimal_choice(std::uint16_t size, const NameTable* names = nullptr) {
  return {show_decimal_choice, size, names};
}
inline constexpr Kind kFamily = choice(1, kAddressFamilies);
constexpr Kind flags(std::uint16_t size, const NameTable& names) { return {show_flags, size, &names}; }
constexpr Kind shifted(std::uint16_t size, const NameTable& names) { return {show_shifted, size, &names}; }
constexpr Kind structure(const Structure& structure) { return {show_structure, 0, nullptr, &structure}; }
constexpr Kind nested(const AttributeSet& set) { return {show_attributes, 0, nullptr, nullptr, &set}; }
/// As many as there are bytes for, or `count`.
/// The element's kind has a name of its own, as it is referred to.
constexpr Kind array(const Kind& element, std::uint16_t count = 0) {
  return {show_array, 0, nullptr, nullptr, nullptr, &element, count};
}

constexpr Kind boxed(const Kind& element) { return {show_boxed, element.size, nullptr, nullptr, nullptr, &element}; }

constexpr Kind indexed(const Kind& element, const NameTable& places, std::uint16_t count = 0,
                       std::uint8_t first_place = 0) {
  return {show_indexed, 0, &places, nullptr, nullptr, &element, count, first_place};
}

/// How many bytes a structure, an array of a known length or a number takes.
std::uint64_t size_of(const Kind& kind);
/// A payload of whatever kind: what it is not long enough for is shown as bytes.
void print_payload(const Walk& walk, const Piece& piece, const Kind& kind);
void print_bytes(const Walk& walk, const Piece& piece);
void print_attributes(const Walk& walk, const Piece& piece, const AttributeSet& set);
/// {a=1, b=2}, of which `piece` is long enough.
void print_structure(const Walk& walk, const Piece& piece, const Structure& structure);
void print_fields(const Walk& walk, const Piece& piece, std::span<const Field> fields);

/// Prints headers one after the other, each with its payload: {...}, or [{...}, payload], and in brackets if there are
/// several. They are laid out alike in messages and attributes.
struct Sequence {
  std::uint64_t header;  ///< its size
  std::uint64_t (*length)(const Piece& header);
  void (*print_header)(const Walk& walk, const Piece& header, const void* more);
  void (*print_payload)(const Walk& walk, const Piece& header, const Piece& payload, const void* more);
  bool always_listed = false;  ///< in brackets even if it is alone and has no payload
};
void print_sequence(const Walk& walk, Piece rest, const Sequence& sequence, const void* more);

}  // namespace vdsotrace::netlink
