#include "model/syscalls/descriptors.hpp"

#include <algorithm>
#include <array>

#include "model/syscalls/processes.hpp"
#include "model/words.hpp"

namespace vdsotrace {
namespace {

struct Detail {
  std::string_view name;
  bool DescriptorDetails::*meant;
};
constexpr Detail kDetails[] = {{"path", &DescriptorDetails::path},
                               {"socket", &DescriptorDetails::socket},
                               {"dev", &DescriptorDetails::device},
                               {"pidfd", &DescriptorDetails::pidfd}};

const DescriptorFacts* find_noted(std::span<const NotedDescriptor> noted, std::int32_t fd, bool at_exit) {
  const auto found = std::ranges::find_if(noted, [&](const NotedDescriptor& one) {
    return one.fd == fd && one.at_exit == at_exit && !one.netlink_protocol;
  });
  return found != noted.end() ? &found->facts : nullptr;
}

/// A socket has one protocol for as long as it lives.
std::optional<std::uint16_t> noted_netlink_protocol(std::span<const NotedDescriptor> noted, std::int32_t fd) {
  const auto found = std::ranges::find_if(
      noted, [&](const NotedDescriptor& one) { return one.fd == fd && one.netlink_protocol.has_value(); });
  return found != noted.end() ? found->netlink_protocol : std::nullopt;
}

/// Escaped like a string, and '<' and '>' too.
void append_escaped_brackets(std::string& out, std::string_view text, HexStrings hex) {
  if (hex == HexStrings::all) {
    for (const char byte : text) append_format(out, "\\x{:02x}", static_cast<unsigned char>(byte));
    return;
  }
  while (!text.empty()) {
    const std::string_view plain = text.substr(0, text.find_first_of("<>"));
    out.append(escaped(plain));
    text.remove_prefix(plain.size());
    if (text.empty()) return;
    const bool before_digit = text.size() > 1 && text[1] >= '0' && text[1] <= '9';
    append_format(out, "\\{:0{}o}", static_cast<unsigned>(text.front()), before_digit ? 3 : 2);
    text.remove_prefix(1);
  }
}

std::string_view inode_of_socket(std::string_view path) {
  constexpr std::string_view kSocket = "socket:[";
  if (!path.starts_with(kSocket) || !path.ends_with(']')) return {};
  return path.substr(kSocket.size(), path.size() - kSocket.size() - 1);
}

void print_socket(ArgContext& c, const SocketFacts& socket, std::string_view inode) {
  c.print("<{}:[", escaped(socket.protocol));
  if (!socket.local.empty()) {
    c.put(escaped(socket.local));
    if (!socket.remote.empty()) c.print("->{}", escaped(socket.remote));
  } else {
    c.put(inode);
    if (socket.peer != 0) c.print("->{}", socket.peer);
  }
  if (!socket.bound_path.empty()) {
    const bool abstract = socket.bound_path.front() == '\0';
    const auto name = std::as_bytes(std::span(socket.bound_path)).subspan(abstract ? 1 : 0);
    c.put(abstract ? ",@" : ",");
    print_quoted(c, name, name.size());
  }
  c.put("]>");
}

void print_device_file(ArgContext& c, std::string_view path, const DescriptorFacts::Device& device) {
  c.put("<");
  append_escaped_brackets(c.out(), path, c.limits().hex);
  c.print("<{} {}:{}>>", device.block ? "block" : "char", device.major, device.minor);
}

}  // namespace

Result<DescriptorDetails> descriptor_details_named(std::string_view set) {
  DescriptorDetails details;
  const bool inverted = take_negation(set);
  do {
    const auto word = take_word(set);
    const auto known = std::ranges::find(kDetails, word, &Detail::name);
    if (word == "all") {
      for (const Detail& detail : kDetails) details.*detail.meant = true;
    } else if (known != std::end(kDetails)) {
      details.*known->meant = true;
    } else if (word != "none") {
      return fail(fmt::format("--decode-fds={}: unknown", word), "some of path, socket, dev, pidfd; all or none");
    }
  } while (!set.empty());
  if (inverted) {
    for (const Detail& detail : kDetails) details.*detail.meant = !(details.*detail.meant);
  }
  return details;
}

void append_in_brackets(std::string& out, std::string_view text, HexStrings hex) {
  out.push_back('<');
  append_escaped_brackets(out, text, hex);
  out.push_back('>');
}

const DescriptorFacts* descriptor_facts(ArgContext& c, std::int32_t fd) {
  if (!c.limits().descriptors.any() || (fd < 0 && fd != kCurrentDirectory)) return nullptr;
  return c.source() != nullptr ? c.source()->find(fd) : find_noted(c.call().descriptors, fd, c.exiting());
}

void print_descriptor(ArgContext& c, std::int32_t fd) {
  const DescriptorDetails& asked = c.limits().descriptors;
  const DescriptorFacts* facts = descriptor_facts(c, fd);
  if (facts == nullptr || facts->path.empty()) return;
  const auto inode = inode_of_socket(facts->path);
  if (asked.socket && facts->socket && !inode.empty()) {
    print_socket(c, *facts->socket, inode);
  } else if (asked.device && facts->device) {
    print_device_file(c, facts->path, *facts->device);
  } else if (asked.pidfd && facts->process) {
    c.print("<pid:{}>", *facts->process);
  } else if (asked.path) {
    append_in_brackets(c.out(), facts->path, c.limits().hex);
    if (facts->deleted) c.put("(deleted)");
  }
}

void print_fd(ArgContext& c, std::int32_t fd) {
  c.put_number(fd);
  if (fd >= 0) print_descriptor(c, fd);
}

std::optional<std::uint16_t> netlink_protocol(ArgContext& c, std::int32_t fd) {
  return c.source() != nullptr ? c.source()->netlink_protocol(fd) : noted_netlink_protocol(c.call().descriptors, fd);
}

bool may_have_descriptors(const CallSpec& spec) { return (spec.classes & (kDesc | kNetwork)) != 0; }

void print_fd_arg(ArgContext& c) { print_fd(c, c.as_int()); }

void print_fd_pair_at_arg(ArgContext& c) {
  using Pair = std::array<std::int32_t, 2>;
  const bool filled = !(c.exiting() && c.failed());
  const auto pair = c.value() != 0 && filled ? c.memory().object<Pair>(c.value()) : std::nullopt;
  if (!pair) {
    print_address(c, c.value());
    return;
  }
  c.put("[");
  print_fd(c, (*pair)[0]);
  c.put(", ");
  print_fd(c, (*pair)[1]);
  c.put("]");
}

void result_fd(ArgContext& c) {
  const auto fd = static_cast<std::int32_t>(c.call().result);
  print_fd(c, fd);
}

const DescriptorFacts* DescriptorRecorder::find(std::int32_t fd) {
  if (const DescriptorFacts* known = find_noted(noted_, fd, at_exit_)) return known;
  if (noted_.size() >= kMost) return nullptr;
  noted_.push_back({fd, at_exit_, table_.look_up(fd)});
  return &noted_.back().facts;
}

std::optional<std::uint16_t> DescriptorRecorder::netlink_protocol(std::int32_t fd) {
  if (const auto known = noted_netlink_protocol(noted_, fd)) return known;
  if (other_ == fd || noted_.size() >= kMost) return std::nullopt;
  const auto protocol = table_.netlink_protocol(fd);
  if (protocol) {
    noted_.push_back({fd, at_exit_, {}, protocol});
  } else {
    other_ = fd;
  }
  return protocol;
}

const ProcessFacts* DescriptorRecorder::find_process(pid_t number, ProcessKind kind) {
  if (const ProcessFacts* known = find_noted_process(processes_, number, kind, at_exit_)) return known;
  if (processes_.size() >= kMost) return nullptr;
  processes_.push_back({number, kind, at_exit_, table_.look_up_process(number, kind)});
  return &processes_.back().facts;
}

}  // namespace vdsotrace
