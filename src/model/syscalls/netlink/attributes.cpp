// Sequences of messages and of attributes.
#include <linux/netlink.h>

#include "model/syscalls/netlink/schema.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace::netlink {
namespace {

std::uint64_t attribute_length(const Piece& header) { return header.object<nlattr>()->nla_len; }

void print_attribute_type(ArgContext& c, std::uint16_t type, const NameTable* types) {
  if (types != nullptr) {
    print_choice(c, type, types->values, types->unknown);
  } else {
    print_hex(c, type);
  }
}

void print_attribute_header(const Walk& walk, const Piece& header, const void* more) {
  ArgContext& c = walk.c;
  const NameTable* types = static_cast<const AttributeSet*>(more)->types;
  const nlattr attribute = *header.object<nlattr>();
  const std::uint16_t type = attribute.nla_type & NLA_TYPE_MASK;
  c.print("{{nla_len={}, nla_type=", attribute.nla_len);
  if (type == attribute.nla_type) {
    print_attribute_type(c, type, types);
  } else {
    print_meaning_of(c, attribute.nla_type, [&] {
      if ((attribute.nla_type & NLA_F_NESTED) != 0) c.put("NLA_F_NESTED|");
      if ((attribute.nla_type & NLA_F_NET_BYTEORDER) != 0) c.put("NLA_F_NET_BYTEORDER|");
      print_attribute_type(c, type, types);
    });
  }
  c.put("}");
}

void print_attribute_payload(const Walk& walk, const Piece& header, const Piece& payload, const void* more) {
  const auto& known = static_cast<const AttributeSet*>(more)->known;
  const std::uint16_t type = header.object<nlattr>()->nla_type & NLA_TYPE_MASK;
  const auto found = std::ranges::find(known, type, &Attribute::type);
  print_payload(walk, payload, found != known.end() ? found->kind : kUnknown);
}

constexpr Sequence kAttributes{sizeof(nlattr), attribute_length, print_attribute_header, print_attribute_payload};

/// Both kinds of headers are followed by the next at a multiple of four (NLMSG_ALIGNTO, NLA_ALIGNTO).
constexpr std::uint64_t aligned(std::uint64_t length) { return (length + 3) & ~std::uint64_t{3}; }

/// One of them, all of whose header could be read.
void print_one(const Walk& walk, const Piece& piece, const Sequence& sequence, const void* more) {
  const Piece header = piece.first(sequence.header);
  const Piece payload = piece.first(sequence.length(header)).from(sequence.header);
  const bool listed = payload.size != 0 || sequence.always_listed;
  if (listed) walk.c.put("[");
  sequence.print_header(walk, header, more);
  if (payload.size != 0) {
    walk.c.put(", ");
    sequence.print_payload(walk, header, payload, more);
  }
  if (listed) walk.c.put("]");
}

/// The address of a header that cannot be read, or the bytes of what is too short for one.
bool print_no_header(const Walk& walk, const Piece& piece, std::uint64_t size, bool is_first) {
  if (piece.size < size) {
    print_bytes(walk, piece);
    return true;
  }
  if (piece.is_readable(size)) return false;
  if (is_first) {
    print_address(walk.c, piece.address);
  } else {
    walk.c.print("... /* {:#x} */", piece.address);
  }
  return true;
}

}  // namespace

void print_sequence(const Walk& walk, Piece rest, const Sequence& sequence, const void* more) {
  bool several = false;
  for (std::uint64_t shown = 0;; ++shown) {
    if (shown != 0) walk.c.put(", ");
    if (walk.c.abbreviated() && shown >= walk.c.limits().string) {
      walk.c.put("...");
      break;
    }
    if (print_no_header(walk, rest, sequence.header, shown == 0)) break;
    const std::uint64_t length = sequence.length(rest);
    const bool last = length < sequence.header || aligned(length) >= rest.size;
    if (shown == 0 && !last) {
      several = true;
      walk.c.put("[");
    }
    print_one(walk, rest, sequence, more);
    if (last) break;
    rest = rest.from(aligned(length));
  }
  if (several) walk.c.put("]");
}

void print_attributes(const Walk& walk, const Piece& piece, const AttributeSet& set) {
  print_sequence(walk, piece, kAttributes, &set);
}

bool show_attributes(const Walk& walk, const Piece& piece, const Kind& kind) {
  print_attributes(walk, piece, *kind.attributes);
  return true;
}

}  // namespace vdsotrace::netlink
