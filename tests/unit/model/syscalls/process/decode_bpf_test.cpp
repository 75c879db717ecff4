// Filter programs and bpf(); expected lines are strace 6.1's.
#include <array>
#include <cstring>

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kProgram = 0x10000;
constexpr std::uint64_t kCode = 0x20000;
constexpr std::uint64_t kBpfText = 0x30000;

struct FilterProgram {
  std::uint64_t length;
  std::uint64_t code;
};

ArgumentSets unabbreviated() {
  std::vector<std::string> expressions{"abbrev=none"};
  return ArgumentSets::take(expressions).value();
}

template <std::size_t kCount>
std::string filtered(const std::array<sock_filter, kCount>& code, std::uint64_t count = kCount,
                     ConstantStyle style = ConstantStyle::abbrev) {
  const ArgumentSets sets = unabbreviated();
  DecodedCall call("seccomp", {SECCOMP_SET_MODE_FILTER, 0, kProgram});
  call.sets(sets).constants(style).put(kProgram, FilterProgram{count, kCode}).put(kCode, code);
  return args_of(call.leave(0).text()).at(2);
}

TEST_CASE("a filter's statements are shown in full alone", "[bpf]") {
  DecodedCall call("seccomp", {SECCOMP_SET_MODE_FILTER, 0, kProgram});
  CHECK(call.put(kProgram, FilterProgram{1, kCode}).put(kCode, sock_filter{}).leave(0).line() ==
        "seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=1, filter=0x20000}) = 0");
  const std::array<sock_filter, 4> code{
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 60, 0, 1),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 16), BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 5)}};
  CHECK(filtered(code) ==
        "{len=4, filter=[BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0), BPF_JUMP(BPF_JMP|BPF_K|BPF_JEQ, 0x3c, 0, 0x1), "
        "BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ERRNO|0x10), BPF_STMT(BPF_ALU|BPF_X|BPF_XOR, 0x5)]}");
  CHECK(filtered(code, 4, ConstantStyle::raw) ==
        "{len=4, filter=[BPF_STMT(0|0|0x20, 0), BPF_JUMP(0x5|0|0x10, 0x3c, 0, 0x1), BPF_STMT(0x6|0, 0x50000|0x10), "
        "BPF_STMT(0x4|0x8|0xa0, 0x5)]}");
}

TEST_CASE("filters that end before their length", "[bpf]") {
  const std::array<sock_filter, 1> one{{BPF_STMT(BPF_RET | BPF_K, 0x60000)}};
  CHECK(filtered(one, 3) ==
        "{len=3, filter=[BPF_STMT(BPF_RET|BPF_K, 0x60000 /* SECCOMP_RET_??? */), ... /* 0x20008 */]}");
  CHECK(filtered(one, 0) == "{len=0, filter=[]}");
  const std::array<sock_filter, 1> odd{{{0xff78, 0, 0, 0}}};
  CHECK(filtered(odd) == "{len=1, filter=[BPF_STMT(BPF_LD|0x18 /* BPF_??? */|BPF_MEM|0xff00 /* BPF_??? */, 0)]}");
}

TEST_CASE("filters of packets have offsets with names", "[bpf]") {
  const ArgumentSets sets = unabbreviated();
  const std::array<sock_filter, 3> code{
      {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL)),
       BPF_STMT(BPF_LD | BPF_B | BPF_ABS, static_cast<std::uint32_t>(SKF_NET_OFF + 8)),
       BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)}};
  DecodedCall call("setsockopt", {3, SOL_SOCKET, SO_ATTACH_FILTER, kProgram, 16});
  call.sets(sets).put(kProgram, FilterProgram{3, kCode}).put(kCode, code);
  const std::string statements =
      "[BPF_STMT(BPF_LD|BPF_B|BPF_ABS, SKF_AD_OFF+SKF_AD_PROTOCOL), BPF_STMT(BPF_LD|BPF_B|BPF_ABS, SKF_NET_OFF+8), "
      "BPF_STMT(BPF_RET|BPF_K, 0xffffffff)]";
  CHECK(call.leave(0).line() ==
        fmt::format("setsockopt(3, SOL_SOCKET, SO_ATTACH_FILTER, {{len=3, filter={}}}, 16) = 0", statements));
  DecodedCall got("getsockopt", {3, SOL_SOCKET, SO_GET_FILTER, kCode, kBpfText});
  got.sets(sets).put(kBpfText, 4).enter();
  CHECK(got.put(kCode, code).put(kBpfText, 3).leave(0).line() ==
        fmt::format("getsockopt(3, SOL_SOCKET, SO_GET_FILTER, {}, [4 => 3]) = 0", statements));
}

std::string attributes(std::uint32_t command, const bpf_attr& value, std::uint64_t size,
                       ConstantStyle style = ConstantStyle::abbrev) {
  const ArgumentSets sets = unabbreviated();
  DecodedCall call("bpf", {command, kProgram, size});
  call.sets(sets).constants(style).put(kProgram, value).put(kProgram + sizeof value, std::array<char, 64>{});
  call.put(kBpfText, "GPL").put(kCode, std::array<std::uint64_t, 2>{0xdeadf00d'0001'ba95, 0});
  return args_of(call.leave(-22).text()).at(1);
}

TEST_CASE("bpf shows as many attributes as are given", "[bpf]") {
  bpf_attr map{};
  map.map_type = BPF_MAP_TYPE_ARRAY;
  map.key_size = 4;
  map.map_flags = BPF_F_NUMA_NODE;
  map.numa_node = UINT32_MAX;
  std::strcpy(map.map_name, "0123456789");
  const std::string front = "{map_type=BPF_MAP_TYPE_ARRAY, key_size=4, value_size=0, max_entries=0";
  CHECK(attributes(BPF_MAP_CREATE, map, 16) == front + "}");
  CHECK(attributes(BPF_MAP_CREATE, map, 1) == "{map_type=BPF_MAP_TYPE_ARRAY, key_size=0, value_size=0, max_entries=0}");
  CHECK(attributes(BPF_MAP_CREATE, map, 36) ==
        front +
            ", map_flags=BPF_F_NUMA_NODE, inner_map_fd=0, numa_node=4294967295 /* NUMA_NO_NODE */, "
            "map_name=\"0123456\"...}");
  CHECK(attributes(BPF_MAP_CREATE, map, 48).ends_with("map_name=\"0123456789\", map_ifindex=0}"));
  CHECK(attributes(BPF_MAP_CREATE, map, 0) == "0x10000");
  CHECK(attributes(BPF_MAP_CREATE, map, 4097) == "0x10000");
  CHECK(attributes(BPF_MAP_CREATE, map, 4096) == "0x10000");
  CHECK(attributes(99, map, 16) == "0x10000");
}

TEST_CASE("a program of bpf", "[bpf]") {
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  load.insn_cnt = 1;
  load.insns = kCode;
  load.license = kBpfText;
  load.kern_version = 0xcafef00d;
  CHECK(attributes(BPF_PROG_LOAD, load, 48) ==
        "{prog_type=BPF_PROG_TYPE_SOCKET_FILTER, insn_cnt=1, insns=[{code=BPF_JMP|BPF_K|BPF_EXIT, "
        "dst_reg=BPF_REG_10, src_reg=0xb /* BPF_REG_??? */, off=1, imm=0xdeadf00d}], license=\"GPL\", log_level=0, "
        "log_size=0, log_buf=NULL, kern_version=KERNEL_VERSION(51966, 240, 13), prog_flags=0}");
  CHECK(attributes(BPF_PROG_LOAD, load, 48, ConstantStyle::raw).ends_with("kern_version=0xcafef00d, prog_flags=0}"));
  DecodedCall call("bpf", {BPF_PROG_LOAD, kProgram, 16});
  CHECK(call.put(kProgram, load).leave(3).line() ==
        "bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_SOCKET_FILTER, insn_cnt=1, insns=0x20000, license=NULL}, 16) = 3");
}

TEST_CASE("links take what goes with what they are attached to", "[bpf]") {
  bpf_attr link{};
  link.link_create.attach_type = BPF_PERF_EVENT;
  link.link_create.perf_event.bpf_cookie = 5;
  const std::string front = "{link_create={prog_fd=0, target_fd=0, attach_type=";
  CHECK(attributes(BPF_LINK_CREATE, link, 16) == front + "BPF_PERF_EVENT, flags=0}}");
  CHECK(attributes(BPF_LINK_CREATE, link, 24) == front + "BPF_PERF_EVENT, flags=0, perf_event={bpf_cookie=0x5}}}");
  link.link_create.attach_type = BPF_CGROUP_INET_INGRESS;
  CHECK(attributes(BPF_LINK_CREATE, link, 20) == front + "BPF_CGROUP_INET_INGRESS, flags=0, target_btf_id=5}}");
  link.link_create.attach_type = BPF_XDP;
  CHECK(attributes(BPF_LINK_CREATE, link, 20) ==
        front + "BPF_XDP, flags=0}, extra_data=\"\\x05\\x00\\x00\\x00\" /* bytes 16..19 */}");
  link.link_create.attach_type = BPF_TRACE_KPROBE_MULTI;
  link.link_create.kprobe_multi = {1, 2, 0, kCode, 0};
  CHECK(attributes(BPF_LINK_CREATE, link, 48) ==
        front +
            "BPF_TRACE_KPROBE_MULTI, flags=0, kprobe_multi={flags=BPF_F_KPROBE_MULTI_RETURN, cnt=2, syms=NULL, "
            "addrs=[0xdeadf00d0001ba95, 0], cookies=NULL}}}");
}

TEST_CASE("answers of bpf are there when it has succeeded", "[bpf]") {
  bpf_attr query{};
  query.query.prog_ids = kCode;
  query.query.prog_cnt = 3;
  DecodedCall call("bpf", {BPF_PROG_QUERY, kProgram, 28});
  call.put(kProgram, query).enter();
  DecodedCall failed = call;
  const std::string front =
      "bpf(BPF_PROG_QUERY, {query={target_fd=0, attach_type=BPF_CGROUP_INET_INGRESS, query_flags=0, "
      "attach_flags=0, prog_ids=";
  query.query.prog_cnt = 1;
  CHECK(call.put(kProgram, query).put(kCode, 7).leave(0).line() == front + "[7], prog_cnt=3 => 1}}, 28) = 0");
  CHECK(failed.leave(-22).line() == front + "0x20000, prog_cnt=3}}, 28) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("what stands behind the attributes that are known", "[bpf]") {
  bpf_attr batch{};
  batch.batch.keys = 1;
  batch.batch.elem_flags = BPF_F_LOCK;
  const std::string rows = "{batch={keys=0x1, count=0, map_fd=0, elem_flags=BPF_F_LOCK, flags=0}";
  CHECK(attributes(BPF_MAP_DELETE_BATCH, batch, 56) == rows + "}");
  CHECK(attributes(BPF_MAP_DELETE_BATCH, batch, 64) == rows + "}");
  batch.iter_create.link_fd = 0;
  std::array<std::byte, sizeof(bpf_attr)> bytes{};
  std::memcpy(bytes.data(), &batch, sizeof batch);
  bytes[57] = std::byte{7};
  std::memcpy(&batch, bytes.data(), sizeof batch);
  CHECK(attributes(BPF_MAP_DELETE_BATCH, batch, 58).ends_with(", extra_data=\"\\x00\\x07\" /* bytes 56..57 */}"));
  DecodedCall short_form("bpf", {BPF_MAP_DELETE_BATCH, kProgram, 58});
  CHECK(args_of(short_form.put(kProgram, batch).leave(0).text()).at(1).ends_with("flags=0}, ...}"));
}

}  // namespace
}  // namespace vdsotrace::testing
