#include "model/syscalls/process/bpf_rows.hpp"

#include <algorithm>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/process/bpf.hpp"

namespace vdsotrace::bpf {

void number(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  c.put_number(all.at<std::uint32_t>(row.offset));
}
void hex(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_hex(c, all.at<std::uint32_t>(row.offset));
}
void wide_hex(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_hex(c, all.at<std::uint64_t>(row.offset));
}
void pointer(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_address(c, all.at<std::uint64_t>(row.offset));
}
void descriptor(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_fd(c, all.at<std::int32_t>(row.offset));
}
void interface(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_interface(c, all.at<std::uint32_t>(row.offset));
}
void choice(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_choice(c, all.at<std::uint32_t>(row.offset), row.names->values, row.names->unknown);
}
void wide_choice(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_choice(c, all.at<std::uint64_t>(row.offset), row.names->values, row.names->unknown);
}
void flags(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_flags(c, all.at<std::uint32_t>(row.offset), row.names->values, row.names->unknown);
}
void wide_flags(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_flags(c, all.at<std::uint64_t>(row.offset), row.names->values, row.names->unknown);
}
/// A name in the attributes themselves, of which the last byte that is there is never shown.
void name(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  const std::uint64_t there =
      std::min<std::uint64_t>(BPF_OBJ_NAME_LEN, all.given - std::min<std::uint64_t>(all.given, row.offset));
  const auto bytes = std::span(all.bytes).subspan(row.offset, static_cast<std::size_t>(there));
  const auto end = std::ranges::find(bytes, std::byte{0});
  const auto length = static_cast<std::size_t>(end - bytes.begin());
  const bool cut = length == bytes.size() && length > 0;
  print_quoted(c, bytes.first(length - (cut ? 1 : 0)), length, cut);
}
namespace {

bool is_shown(const Attributes& all, const CommandRow& command, const AttributeRow& row) {
  const std::uint64_t behind = row.behind != 0 ? row.behind : row.offset;
  if (behind >= std::max<std::uint64_t>(all.given, command.least)) return false;
  return row.present == nullptr || row.present(all);
}

}  // namespace

void print_rows(ArgContext& c, const Attributes& all, const CommandRow& command) {
  c.put("{");
  bool first = true;
  for (const AttributeRow& row : command.rows) {
    if (!is_shown(all, command, row)) continue;
    c.print("{}{}=", first ? "" : ", ", row.name);
    row.show(c, all, row);
    first = false;
  }
}

namespace {

void device(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_device(c, all.at<std::uint64_t>(row.offset));
}
void wide_number(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  c.put_number(all.at<std::uint64_t>(row.offset));
}
/// What the kernel has put in place of what the program gave.
void changed_number(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  const auto now = all.at<std::uint32_t>(row.offset);
  const auto before = c.entry_memory().object<std::uint32_t>(c.value() + row.offset);
  if (before && *before != now) c.print("{} => ", *before);
  c.put_number(now);
}

// Links: what they take goes by what they are attached to.
void iterated(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  const auto address = all.at<std::uint64_t>(row.offset);
  print_plain_array_at<std::int32_t>(c, address, all.at<std::uint32_t>(24), [&](std::int32_t fd) {
    c.put("{map={map_fd=");
    print_fd(c, fd);
    c.put("}}");
  });
}
void cookie(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  c.put("{bpf_cookie=");
  wide_hex(c, all, row);
  c.put("}");
}
void wide_list(ArgContext& c, std::uint64_t address, std::uint32_t count) {
  print_plain_array_at<std::uint64_t>(c, address, count, [&](std::uint64_t one) { print_hex(c, one); });
}
void probes(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  const auto count = all.at<std::uint32_t>(20);
  c.put("{flags=");
  flags(c, all, row);
  c.print(", cnt={}, syms=", count);
  const auto print = [&](std::uint64_t symbol) { print_string_at(c, symbol); };
  print_plain_array_at<std::uint64_t>(c, all.at<std::uint64_t>(24), count, print);
  c.put(", addrs=");
  wide_list(c, all.at<std::uint64_t>(32), count);
  c.put(", cookies=");
  wide_list(c, all.at<std::uint64_t>(40), count);
  c.put("}");
}

constexpr AttributeRow kProgramRow{"prog_fd", 0, descriptor};
constexpr AttributeRow kTargetRow{"target_fd", 4, descriptor};
constexpr AttributeRow kTypeRow{"attach_type", 8, choice, &kAttachTypeNames};
constexpr AttributeRow kFlagsRow{"flags", 12, hex};
constexpr AttributeRow kLink[] = {kProgramRow, kTargetRow, kTypeRow, kFlagsRow};
constexpr AttributeRow kTypedLink[] = {
    kProgramRow, kTargetRow, kTypeRow, kFlagsRow, {"target_btf_id", 16, number, nullptr, 0, [](const Attributes& all) {
                                                     return all.at<std::uint32_t>(16) != 0;
                                                   }}};
constexpr AttributeRow kIteratorLink[] = {kProgramRow,
                                          kTargetRow,
                                          kTypeRow,
                                          kFlagsRow,
                                          {"iter_info", 16, iterated},
                                          {"iter_info_len", 24, number, nullptr, 16}};
constexpr AttributeRow kEventLink[] = {kProgramRow, kTargetRow, kTypeRow, kFlagsRow, {"perf_event", 16, cookie}};
constexpr AttributeRow kProbeLink[] = {
    kProgramRow, kTargetRow, kTypeRow, kFlagsRow, {"kprobe_multi", 16, probes, &kMultiFlagNames}};
constexpr CommandRow kPlainLink{BPF_LINK_CREATE, "link_create", 16, 16, kLink};
/// In place of the command stands the type of the link.
constexpr CommandRow kLinks[] = {
    {BPF_CGROUP_INET_INGRESS, "link_create", 16, 20, kTypedLink},
    {BPF_TRACE_ITER, "link_create", 16, 28, kIteratorLink},
    {BPF_PERF_EVENT, "link_create", 16, 24, kEventLink},
    {BPF_TRACE_KPROBE_MULTI, "link_create", 16, 48, kProbeLink},
};

// Questions, whose answers are there when the call has succeeded.
void programs(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  const auto address = all.at<std::uint64_t>(row.offset);
  const auto count = all.at<std::uint32_t>(24);
  if (c.failed() && count != 0) {
    print_address(c, address);
  } else {
    print_plain_array_at<std::uint32_t>(c, address, count, [&](std::uint32_t id) { c.put_number(id); });
  }
}

constexpr AttributeRow kMapInfo[] = {
    {"type", 0, choice, &kMapTypeNames},
    {"id", 4, number},
    {"key_size", 8, number},
    {"value_size", 12, number},
    {"max_entries", 16, number},
    {"map_flags", 20, flags, &kMapFlagNames},
    {"name", 24, name},
    {"ifindex", 40, interface},
    {"btf_vmlinux_value_type_id", 44, number},
    {"netns_dev", 48, device},
    {"netns_ino", 56, wide_number},
    {"btf_id", 64, number},
    {"btf_key_type_id", 68, number},
    {"btf_value_type_id", 72, number},
};
constexpr CommandRow kMapInfoRow{0, "", 0, 76, kMapInfo};

/// What it is depends on the descriptor: that of a map, if it is known to be one (`-y`), in full.
void object_info(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  const auto address = all.at<std::uint64_t>(row.offset);
  const DescriptorFacts* facts = descriptor_facts(c, all.at<std::int32_t>(0));
  Attributes info;
  const auto size = std::min<std::size_t>(all.at<std::uint32_t>(4), info.bytes.size());
  const bool is_map = facts != nullptr && facts->path == "anon_inode:bpf-map";
  if (c.abbreviated() || !is_map || c.memory().read(address, std::span(info.bytes).first(size)) != size) {
    print_address(c, address);
    return;
  }
  info.given = size;
  print_rows(c, info, kMapInfoRow);
  c.put("}");
}

constexpr AttributeRow kQuery[] = {{"target_fd", 0, descriptor},
                                   {"attach_type", 4, choice, &kAttachTypeNames},
                                   {"query_flags", 8, flags, &kQueryFlagNames},
                                   {"attach_flags", 12, flags, &kAttachFlagNames},
                                   {"prog_ids", 16, programs},
                                   {"prog_cnt", 24, changed_number}};
constexpr AttributeRow kInfo[] = {{"bpf_fd", 0, descriptor}, {"info_len", 4, changed_number}, {"info", 8, object_info}};
constexpr CommandRow kQuestions[] = {
    {BPF_PROG_QUERY, "query", 28, 28, kQuery},
    {BPF_OBJ_GET_INFO_BY_FD, "info", 16, 16, kInfo},
};

}  // namespace

const CommandRow* row_of_link_or_query(std::uint32_t command, const Attributes& all) {
  if (command == BPF_LINK_CREATE) {
    const auto* link = std::ranges::find(kLinks, all.at<std::uint32_t>(8), &CommandRow::command);
    return link != std::end(kLinks) ? link : &kPlainLink;
  }
  const auto* question = std::ranges::find(kQuestions, command, &CommandRow::command);
  return question != std::end(kQuestions) ? question : nullptr;
}

bool gives_back(std::uint32_t command) {
  return std::ranges::find(kQuestions, command, &CommandRow::command) != std::end(kQuestions);
}

}  // namespace vdsotrace::bpf
