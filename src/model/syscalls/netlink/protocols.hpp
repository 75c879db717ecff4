// The protocols of netlink that are known, by their numbers.
#pragma once

#include "model/syscalls/netlink/schema.hpp"

namespace vdsotrace::netlink {

struct Protocol {
  std::uint16_t number;
  /// What a type means, printed; of types from NLMSG_MIN_TYPE on.
  void (*print_type)(ArgContext& c, std::uint16_t type);
  FlagClass (*flags_of)(std::uint16_t type);
  /// Prints what follows the header. Null: its bytes.
  void (*print_body)(const Walk& walk, std::uint16_t type, std::uint16_t flags, const Piece& body);
};

const Protocol* find_protocol(std::uint16_t number);

// NETLINK_ROUTE.
FlagClass route_flags(std::uint16_t type);
void print_route_body(const Walk& walk, std::uint16_t type, std::uint16_t flags, const Piece& body);

// NETLINK_SOCK_DIAG.
void print_diag_body(const Walk& walk, std::uint16_t type, std::uint16_t flags, const Piece& body);

/// {family=AF_INET, data="\x01"}: a message that begins with a family and of which no more is known.
void print_family(const Walk& walk, const Piece& body);
/// The structure that a message begins with, and the attributes behind it. Its first member is the family. What is too
/// short for it is {ifi_family=AF_INET, ...}.
void print_headed(Walk walk, const Piece& body, const Structure& head, const AttributeSet* attributes);

}  // namespace vdsotrace::netlink
