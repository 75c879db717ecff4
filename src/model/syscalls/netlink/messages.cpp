#include "model/syscalls/netlink/messages.hpp"

#include <array>
#include <cstring>
#include <vector>

#include <linux/netlink.h>
#include <sys/socket.h>

#include "model/syscalls/errno.hpp"
#include "model/syscalls/netlink/generated_names.hpp"
#include "model/syscalls/netlink/protocols.hpp"
#include "model/syscalls/netlink/uevent.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/processes.hpp"

namespace vdsotrace {
namespace netlink {
namespace {

/// What of a message is looked at; the kernel's own are smaller (NLMSG_GOODSIZE, net.core.wmem_max).
constexpr std::uint64_t kMostBytes = 256 * 1024;
/// An error holds the message that it is about, which may be an error.
constexpr unsigned kDeepest = 4;

#define COMMON_FLAGS                                                                        \
  {NLM_F_REQUEST, "NLM_F_REQUEST"}, {NLM_F_MULTI, "NLM_F_MULTI"}, {NLM_F_ACK, "NLM_F_ACK"}, \
      {NLM_F_ECHO, "NLM_F_ECHO"}, {NLM_F_DUMP_INTR, "NLM_F_DUMP_INTR"}, {                   \
    NLM_F_DUMP_FILTERED, "NLM_F_DUMP_FILTERED"                                              \
  }
constexpr NamedValue kPlainFlags[] = {COMMON_FLAGS};
constexpr NamedValue kGetFlags[] = {COMMON_FLAGS, NAMED(NLM_F_DUMP), NAMED(NLM_F_ROOT), NAMED(NLM_F_MATCH),
                                    NAMED(NLM_F_ATOMIC)};
constexpr NamedValue kNewFlags[] = {COMMON_FLAGS, NAMED(NLM_F_REPLACE), NAMED(NLM_F_EXCL), NAMED(NLM_F_CREATE),
                                    NAMED(NLM_F_APPEND)};
constexpr NamedValue kDeleteFlags[] = {COMMON_FLAGS, NAMED(NLM_F_NONREC), {0x200, "NLM_F_BULK"}};
constexpr NamedValue kAckFlags[] = {COMMON_FLAGS, NAMED(NLM_F_CAPPED), NAMED(NLM_F_ACK_TLVS)};
#undef COMMON_FLAGS

std::span<const NamedValue> flag_names(const Protocol* protocol, std::uint16_t type) {
  FlagClass meant = type == NLMSG_ERROR ? FlagClass::acknowledge : FlagClass::none;
  if (type >= NLMSG_MIN_TYPE && protocol != nullptr) meant = protocol->flags_of(type);
  switch (meant) {
    case FlagClass::get: return kGetFlags;
    case FlagClass::make: return kNewFlags;
    case FlagClass::remove: return kDeleteFlags;
    case FlagClass::acknowledge: return kAckFlags;
    case FlagClass::none: break;
  }
  return kPlainFlags;
}

std::uint64_t message_length(const Piece& header) { return header.object<nlmsghdr>()->nlmsg_len; }

void print_message_header(const Walk& walk, const Piece& header, const void*) {
  ArgContext& c = walk.c;
  const auto message = *header.object<nlmsghdr>();
  const Protocol* protocol = find_protocol(walk.protocol);
  c.print("{{nlmsg_len={}, nlmsg_type=", message.nlmsg_len);
  if (message.nlmsg_type >= NLMSG_MIN_TYPE && protocol != nullptr) {
    protocol->print_type(c, message.nlmsg_type);
  } else {
    print_choice(c, message.nlmsg_type, kControlTypes.values, kControlTypes.unknown);
  }
  c.put(", nlmsg_flags=");
  print_flags(c, message.nlmsg_flags, flag_names(protocol, message.nlmsg_type), "NLM_F_???");
  c.print(", nlmsg_seq={}, nlmsg_pid=", message.nlmsg_seq);
  print_process(c, static_cast<pid_t>(message.nlmsg_pid), ProcessKind::process);
  c.put("}");
}

void print_error_number(ArgContext& c, std::int32_t error) {
  const bool is_errno = error < 0 && error >= -4095 && !errno_name(-error).empty();
  if (is_errno) {
    print_meaning(
        c, [&] { c.put_number(error); }, [&] { c.print("-{}", errno_name(-error)); });
  } else {
    c.put_number(error);
  }
}

void print_body(const Walk& walk, const Piece& header, const Piece& body, const void* more);

constexpr Sequence kMessages{sizeof(nlmsghdr), message_length, print_message_header, print_body};

extern const AttributeSet kPolicySet;
constexpr Attribute kPolicyAttributes[] = {
    {NL_POLICY_TYPE_ATTR_TYPE, choice(4, kPolicyKinds)},
    {NL_POLICY_TYPE_ATTR_MIN_VALUE_S, {show_signed, 8}},
    {NL_POLICY_TYPE_ATTR_MAX_VALUE_S, {show_signed, 8}},
    {NL_POLICY_TYPE_ATTR_MIN_VALUE_U, kWide},
    {NL_POLICY_TYPE_ATTR_MAX_VALUE_U, kWide},
    {NL_POLICY_TYPE_ATTR_MIN_LENGTH, kWord},
    {NL_POLICY_TYPE_ATTR_MAX_LENGTH, kWord},
    {NL_POLICY_TYPE_ATTR_POLICY_IDX, kWord},
    {NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE, kWord},
    {NL_POLICY_TYPE_ATTR_BITFIELD32_MASK, kHexWord},
    {NL_POLICY_TYPE_ATTR_MASK, kHexWide},
};
const AttributeSet kPolicySet{&kPolicyTypes, kPolicyAttributes};

constexpr Attribute kErrorKinds[] = {
    {NLMSGERR_ATTR_MSG, kText},
    {NLMSGERR_ATTR_OFFS, kWord},
    {NLMSGERR_ATTR_COOKIE, array(kByte)},
    {NLMSGERR_ATTR_POLICY, nested(kPolicySet)},
};
const AttributeSet kErrorSet{&kErrorAttributes, kErrorKinds};

struct Depth {
  unsigned errors = 0;
};

std::uint64_t aligned(std::uint64_t length) { return NLMSG_ALIGN(length); }

/// What was wrong with a message, the message, and what the kernel has to say of it. `flags`: of the error itself.
void print_error(const Walk& walk, std::uint16_t flags, const Piece& body, const Depth& depth) {
  ArgContext& c = walk.c;
  if (body.size < sizeof(nlmsgerr) || depth.errors >= kDeepest) {
    print_bytes(walk, body);
    return;
  }
  const auto error = body.object<nlmsgerr>();
  if (!error) {
    print_address(c, body.address);
    return;
  }
  const bool capped = (flags & NLM_F_CAPPED) != 0;
  const std::uint64_t inner = capped ? sizeof(nlmsghdr)
                                     : std::max<std::uint64_t>(error->msg.nlmsg_len, sizeof(nlmsghdr));
  const Piece message = body.from(offsetof(nlmsgerr, msg)).first(inner);
  const Piece attributes = body.from(offsetof(nlmsgerr, msg) + aligned(inner));
  if (attributes.size != 0) c.put("[");
  c.put("{error=");
  print_error_number(c, error->error);
  c.put(", msg=");
  const Depth deeper{depth.errors + 1};
  print_sequence(walk, message, kMessages, &deeper);
  c.put("}");
  if (attributes.size == 0) return;
  c.put(", ");
  print_attributes(walk, attributes, kErrorSet);
  c.put("]");
}

void print_body(const Walk& walk, const Piece& header, const Piece& body, const void* more) {
  const auto message = *header.object<nlmsghdr>();
  const Protocol* protocol = find_protocol(walk.protocol);
  if (message.nlmsg_type == NLMSG_ERROR) {
    print_error(walk, message.nlmsg_flags, body, *static_cast<const Depth*>(more));
  } else if (message.nlmsg_type == NLMSG_DONE) {
    print_payload(walk, body, kSigned);
  } else if (message.nlmsg_type >= NLMSG_MIN_TYPE && protocol != nullptr && protocol->print_body != nullptr) {
    protocol->print_body(walk, message.nlmsg_type, message.nlmsg_flags, body);
  } else {
    print_bytes(walk, body);
  }
}

/// Whether data may be netlink's: most of what is sent through other sockets need not be looked up.
bool begins_like_message(std::span<const std::byte> start, std::uint64_t size) {
  if (start.size() < std::min<std::uint64_t>(size, sizeof(nlmsghdr)) || size < sizeof(nlmsghdr)) return false;
  if (begins_like_uevent(start)) return true;
  std::uint32_t length;
  std::memcpy(&length, start.data(), sizeof length);
  return length <= kMostBytes;
}

void print_messages(const Walk& walk, std::uint64_t address, std::uint64_t size) {
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(size, kMostBytes)));
  const std::size_t got = walk.c.memory().read(address, buffer);
  const Piece all{address, size, std::span(buffer).first(got)};
  if (walk.protocol == NETLINK_KOBJECT_UEVENT) {
    if (!print_uevent(walk, all)) print_buffer_at(walk.c, address, size);
    return;
  }
  const Depth depth;
  print_sequence(walk, all, kMessages, &depth);
}

}  // namespace

void print_family(const Walk& walk, const Piece& body) {
  const auto family = body.object<std::uint8_t>();
  if (!family) {
    print_address(walk.c, body.address);
    return;
  }
  walk.c.put("{family=");
  print_choice(walk.c, *family, kAddressFamilies.values, kAddressFamilies.unknown);
  if (body.size > 1) {
    walk.c.put(", data=");
    print_bytes(walk, body.from(1));
  }
  walk.c.put("}");
}

void print_headed(Walk walk, const Piece& body, const Structure& head, const AttributeSet* attributes) {
  ArgContext& c = walk.c;
  const auto family = body.object<std::uint8_t>();
  if (!family) {
    print_address(c, body.address);
    return;
  }
  walk.family = *family;
  c.put("{");
  print_fields(walk, body.first(1), head.fields.first(1));
  const Piece whole = body.first(head.size);
  if (whole.size < head.size) {
    c.put(", ...");
  } else if (!whole.is_readable(head.size)) {
    c.put(", ");
    print_address(c, body.address + 1);
  } else if (head.fields.size() > 1) {
    const std::size_t before = c.out().size();
    c.put(", ");
    const std::size_t start = c.out().size();
    print_fields(walk, whole, head.fields.subspan(1));
    if (c.out().size() == start) c.out().resize(before);
  }
  c.put("}");
  const Piece rest = body.from(aligned(head.size));
  if (rest.size == 0 || attributes == nullptr || whole.size < head.size) return;
  c.put(", ");
  print_attributes(walk, rest, *attributes);
}

}  // namespace netlink

void print_socket_data_at(ArgContext& c, std::uint64_t address, std::uint64_t size) {
  constexpr std::size_t kStart = 256;
  const std::size_t limit = c.limits().string;
  std::array<std::byte, kStart> storage;
  const auto room = std::clamp(limit, sizeof(nlmsghdr), kStart);
  const auto start = std::span(storage).first(static_cast<std::size_t>(std::min<std::uint64_t>(size, room)));
  if (address == 0 || start.empty() || !c.structures()) {
    print_buffer_at(c, address, size);
    return;
  }
  const std::size_t got = c.text_memory().read(address, start);
  if (netlink::begins_like_message(start.first(got), size)) {
    const auto fd = static_cast<std::int32_t>(c.arg(0));
    if (const auto protocol = netlink_protocol(c, fd)) {
      netlink::print_messages({c, fd, 0, *protocol}, address, size);
      return;
    }
  }
  if (got == start.size() && limit <= kStart) {
    print_quoted(c, start.first(std::min(limit, start.size())), limit, size > limit);
  } else {
    print_buffer_at(c, address, size);
  }
}

}  // namespace vdsotrace
