#include "model/syscalls/netlink/uevent.hpp"

#include <cstring>
#include <string_view>

#include "model/syscalls/print.hpp"

namespace vdsotrace::netlink {
namespace {

constexpr std::string_view kPrefix("libudev\0", 8);
constexpr Kind kNetworkHexWord{show_network_hex, 4};

constexpr Field kHeaderFields[] = {
    {"magic", 8, kNetworkHexWord},
    {"header_size", 12, kWord},
    {"properties_off", 16, kWord},
    {"properties_len", 20, kWord},
    {"filter_subsystem_hash", 24, kNetworkHexWord},
    {"filter_devtype_hash", 28, kNetworkHexWord},
    {"filter_tag_bloom_hi", 32, kNetworkHexWord},
    {"filter_tag_bloom_lo", 36, kNetworkHexWord},
};
constexpr std::uint64_t kHeaderSize = 40;

}  // namespace

bool begins_like_uevent(std::span<const std::byte> start) {
  return start.size() >= kPrefix.size() && std::memcmp(start.data(), kPrefix.data(), kPrefix.size()) == 0;
}

bool print_uevent(const Walk& walk, const Piece& all) {
  if (!begins_like_uevent(all.bytes) || all.size < kHeaderSize || !all.is_readable(kHeaderSize)) return false;
  ArgContext& c = walk.c;
  const Piece rest = all.from(kHeaderSize);
  if (rest.size != 0) c.put("[");
  c.put("{prefix=\"libudev\", ");
  print_fields(walk, all.first(kHeaderSize), kHeaderFields);
  c.put("}");
  if (rest.size == 0) return true;
  c.put(", ");
  print_buffer_at(c, rest.address, rest.size);
  c.put("]");
  return true;
}

}  // namespace vdsotrace::netlink
