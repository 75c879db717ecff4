#include "model/syscalls/process/bpf.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <linux/bpf.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/process/bpf_rows.hpp"
#include "model/syscalls/process/filter_program.hpp"
#include "model/syscalls/processes.hpp"

namespace vdsotrace {
namespace {

using namespace bpf;

/// What the kernel takes at most.
constexpr std::uint64_t kMostAttributes = 4096;

void text(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_string_at(c, all.at<std::uint64_t>(row.offset));
}
void path(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_path_at(c, all.at<std::uint64_t>(row.offset));
}
void process(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_process(c, all.at<std::int32_t>(row.offset), ProcessKind::process);
}
/// Text of at most as many bytes as the member at `kSize` says.
template <std::uint16_t kSize>
void sized_text(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  const auto size = all.at<std::uint32_t>(kSize);
  const auto address = all.at<std::uint64_t>(row.offset);
  if (size == 0) {
    print_address(c, address);
  } else {
    print_string_at(c, address, size);
  }
}
template <std::uint16_t kSize>
void sized_bytes(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_buffer_at(c, all.at<std::uint64_t>(row.offset), all.at<std::uint32_t>(kSize));
}
void tracepoint(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  constexpr std::size_t kMost = 128;  // the kernel reads no more of it
  print_string_at(c, all.at<std::uint64_t>(row.offset), kMost);
}
void instructions(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  print_instructions_at(c, all.at<std::uint64_t>(row.offset), all.at<std::uint32_t>(4));
}
void kernel_version(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  const auto version = all.at<std::uint32_t>(row.offset);
  print_meaning_of(c, version,
                   [&] { c.print("KERNEL_VERSION({}, {}, {})", version >> 16, version >> 8 & 0xff, version & 0xff); });
}
void numa_node(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  const auto node = all.at<std::uint32_t>(row.offset);
  c.put_number(node);
  if (node == UINT32_MAX && c.constants() != ConstantStyle::raw) c.put(" /* NUMA_NO_NODE */");
}
void map_extra(ArgContext& c, const Attributes& all, const AttributeRow& row) {
  if (all.at<std::uint32_t>(0) == BPF_MAP_TYPE_BLOOM_FILTER) {
    c.put_number(all.at<std::uint64_t>(row.offset));
  } else {
    wide_hex(c, all, row);
  }
}

constexpr AttributeRow kMapCreate[] = {
    {"map_type", 0, choice, &kMapTypeNames},
    {"key_size", 4, number},
    {"value_size", 8, number},
    {"max_entries", 12, number},
    {"map_flags", 16, flags, &kMapFlagNames},
    {"inner_map_fd", 20, descriptor},
    {"numa_node", 24, numa_node, nullptr, 0,
     [](const Attributes& all) { return (all.at<std::uint32_t>(16) & BPF_F_NUMA_NODE) != 0; }},
    {"map_name", 28, name},
    {"map_ifindex", 44, interface},
    {"btf_fd", 48, descriptor},
    {"btf_key_type_id", 52, number},
    {"btf_value_type_id", 56, number},
    {"btf_vmlinux_value_type_id", 60, number},
    {"map_extra", 64, map_extra},
};
constexpr AttributeRow kLookUp[] = {{"map_fd", 0, descriptor},
                                    {"key", 8, pointer},
                                    {"value", 16, pointer},
                                    {"flags", 24, wide_flags, &kLookupFlagNames}};
constexpr AttributeRow kUpdate[] = {{"map_fd", 0, descriptor},
                                    {"key", 8, pointer},
                                    {"value", 16, pointer},
                                    {"flags", 24, wide_choice, &kElementFlagNames}};
constexpr AttributeRow kDelete[] = {{"map_fd", 0, descriptor}, {"key", 8, pointer}};
constexpr AttributeRow kNextKey[] = {{"map_fd", 0, descriptor}, {"key", 8, pointer}, {"next_key", 16, pointer}};
constexpr AttributeRow kFreeze[] = {{"map_fd", 0, descriptor}};
constexpr AttributeRow kLoad[] = {
    {"prog_type", 0, choice, &kProgramTypeNames},
    {"insn_cnt", 4, number},
    {"insns", 8, instructions},
    {"license", 16, text},
    {"log_level", 24, number},
    {"log_size", 28, number},
    {"log_buf", 32, sized_text<28>},
    {"kern_version", 40, kernel_version},
    {"prog_flags", 44, flags, &kProgramFlagNames},
    {"prog_name", 48, name},
    {"prog_ifindex", 64, interface},
    {"expected_attach_type", 68, choice, &kAttachTypeNames},
    {"prog_btf_fd", 72, descriptor},
    {"func_info_rec_size", 76, number},
    {"func_info", 80, pointer},
    {"func_info_cnt", 88, number},
    {"line_info_rec_size", 92, number},
    {"line_info", 96, pointer},
    {"line_info_cnt", 104, number},
    {"attach_btf_id", 108, number},
    {"attach_prog_fd", 112, descriptor},
    {"fd_array", 120, pointer},
};
constexpr AttributeRow kObject[] = {
    {"pathname", 0, path}, {"bpf_fd", 8, descriptor}, {"file_flags", 12, flags, &kOpenFlagNames}};
constexpr AttributeRow kAttach[] = {{"target_fd", 0, descriptor},
                                    {"attach_bpf_fd", 4, descriptor},
                                    {"attach_type", 8, choice, &kAttachTypeNames},
                                    {"attach_flags", 12, flags, &kAttachFlagNames},
                                    {"replace_bpf_fd", 16, descriptor}};
constexpr AttributeRow kDetach[] = {{"target_fd", 0, descriptor}, {"attach_type", 8, choice, &kAttachTypeNames}};
constexpr AttributeRow kTestRun[] = {
    {"prog_fd", 0, descriptor},
    {"retval", 4, number},
    {"data_size_in", 8, number},
    {"data_size_out", 12, number},
    {"data_in", 16, pointer},
    {"data_out", 24, pointer},
    {"repeat", 32, number},
    {"duration", 36, number},
    {"ctx_size_in", 40, number},
    {"ctx_size_out", 44, number, nullptr, 40},
    {"ctx_in", 48, pointer, nullptr, 40},
    {"ctx_out", 56, pointer, nullptr, 40},
    {"flags", 64, flags, &kTestFlagNames},
    {"cpu", 68, number},
    {"batch_size", 72, number},
};
constexpr AttributeRow kNextId[] = {
    {"start_id", 0, number}, {"next_id", 4, number}, {"open_flags", 8, flags, &kOpenFlagNames}};
constexpr AttributeRow kProgramById[] = {
    {"prog_id", 0, number}, {"next_id", 4, number}, {"open_flags", 8, flags, &kOpenFlagNames}};
constexpr AttributeRow kMapById[] = {
    {"map_id", 0, number}, {"next_id", 4, number}, {"open_flags", 8, flags, &kOpenFlagNames}};
constexpr AttributeRow kTypesById[] = {{"btf_id", 0, number}};
constexpr AttributeRow kLinkById[] = {{"link_id", 0, number}};
constexpr AttributeRow kTracepoint[] = {{"name", 0, tracepoint}, {"prog_fd", 8, descriptor}};
constexpr AttributeRow kLoadTypes[] = {{"btf", 0, sized_bytes<16>},
                                       {"btf_log_buf", 8, sized_text<20>},
                                       {"btf_size", 16, number},
                                       {"btf_log_size", 20, number},
                                       {"btf_log_level", 24, number}};
constexpr AttributeRow kTaskQuery[] = {{"pid", 0, process},
                                       {"fd", 4, descriptor},
                                       {"flags", 8, number},
                                       {"buf_len", 12, number},
                                       {"buf", 16, sized_text<12>},
                                       {"prog_id", 24, number},
                                       {"fd_type", 28, choice, &kTaskDescriptorNames},
                                       {"probe_offset", 32, wide_hex},
                                       {"probe_addr", 40, wide_hex}};
constexpr AttributeRow kBatch[] = {{"in_batch", 0, pointer},
                                   {"out_batch", 8, pointer},
                                   {"keys", 16, pointer},
                                   {"values", 24, pointer},
                                   {"count", 32, number},
                                   {"map_fd", 36, descriptor},
                                   {"elem_flags", 40, wide_choice, &kElementFlagNames},
                                   {"flags", 48, wide_hex}};
constexpr AttributeRow kDeleteBatch[] = {{"keys", 16, pointer},
                                         {"count", 32, number},
                                         {"map_fd", 36, descriptor},
                                         {"elem_flags", 40, wide_choice, &kElementFlagNames},
                                         {"flags", 48, wide_hex}};
constexpr AttributeRow kLinkUpdate[] = {
    {"link_fd", 0, descriptor},
    {"new_prog_fd", 4, descriptor},
    {"flags", 8, flags, &kAttachFlagNames},
    {"old_prog_fd", 12, descriptor, nullptr, 0,
     [](const Attributes& all) { return (all.at<std::uint32_t>(8) & BPF_F_REPLACE) != 0; }},
};
constexpr AttributeRow kStatisticsRows[] = {{"type", 0, choice, &kStatisticsNames}};
constexpr AttributeRow kIterator[] = {{"link_fd", 0, descriptor}, {"flags", 4, hex}};
constexpr AttributeRow kBindMap[] = {{"prog_fd", 0, descriptor}, {"map_fd", 4, descriptor}, {"flags", 8, hex}};

constexpr CommandRow kCommandRows[] = {
    {BPF_MAP_CREATE, "", 16, 72, kMapCreate},
    {BPF_MAP_LOOKUP_ELEM, "", 24, 32, kLookUp},
    {BPF_MAP_UPDATE_ELEM, "", 32, 32, kUpdate},
    {BPF_MAP_DELETE_ELEM, "", 16, 16, kDelete},
    {BPF_MAP_GET_NEXT_KEY, "", 24, 24, kNextKey},
    {BPF_PROG_LOAD, "", 24, 128, kLoad},
    {BPF_OBJ_PIN, "", 12, 16, kObject},
    {BPF_OBJ_GET, "", 12, 16, kObject},
    {BPF_PROG_ATTACH, "", 16, 20, kAttach},
    {BPF_PROG_DETACH, "", 12, 12, kDetach},
    {BPF_PROG_TEST_RUN, "test", 40, 76, kTestRun},
    {BPF_PROG_GET_NEXT_ID, "", 8, 12, kNextId},
    {BPF_MAP_GET_NEXT_ID, "", 8, 12, kNextId},
    {BPF_PROG_GET_FD_BY_ID, "", 8, 12, kProgramById},
    {BPF_MAP_GET_FD_BY_ID, "", 8, 12, kMapById},
    {BPF_RAW_TRACEPOINT_OPEN, "raw_tracepoint", 12, 12, kTracepoint},
    {BPF_BTF_LOAD, "", 28, 28, kLoadTypes},
    {BPF_BTF_GET_FD_BY_ID, "", 4, 4, kTypesById},
    {BPF_TASK_FD_QUERY, "task_fd_query", 48, 48, kTaskQuery},
    {BPF_MAP_LOOKUP_AND_DELETE_ELEM, "", 24, 32, kLookUp},
    {BPF_MAP_FREEZE, "", 4, 4, kFreeze},
    {BPF_BTF_GET_NEXT_ID, "", 8, 12, kNextId},
    {BPF_MAP_LOOKUP_BATCH, "batch", 56, 56, kBatch},
    {BPF_MAP_LOOKUP_AND_DELETE_BATCH, "batch", 56, 56, kBatch},
    {BPF_MAP_UPDATE_BATCH, "batch", 56, 56, std::span(kBatch).subspan<2>()},
    {BPF_MAP_DELETE_BATCH, "batch", 56, 56, kDeleteBatch},
    {BPF_LINK_UPDATE, "link_update", 12, 16, kLinkUpdate},
    {BPF_LINK_GET_FD_BY_ID, "", 4, 4, kLinkById},
    {BPF_LINK_GET_NEXT_ID, "", 8, 12, kNextId},
    {BPF_ENABLE_STATS, "enable_stats", 4, 4, kStatisticsRows},
    {BPF_ITER_CREATE, "iter_create", 8, 8, kIterator},
    {BPF_LINK_DETACH, "link_detach", 4, 4, kFreeze},
    {BPF_PROG_BIND_MAP, "prog_bind_map", 12, 12, kBindMap},
};

const CommandRow* row_of(std::uint32_t command, const Attributes& all) {
  const auto* row = std::ranges::find(kCommandRows, command, &CommandRow::command);
  return row != std::end(kCommandRows) ? row : row_of_link_or_query(command, all);
}

/// What the program gave behind all that is known.
void print_extra_data(ArgContext& c, std::uint64_t known, std::uint64_t size) {
  if (size <= known) return;
  std::vector<std::byte> rest(static_cast<std::size_t>(size - known));
  const std::size_t got = c.memory().read(c.value() + known, rest);
  rest.resize(got);
  if (std::ranges::all_of(rest, [](std::byte byte) { return byte == std::byte{0}; })) return;
  if (c.abbreviated()) {
    c.put(", ...");
    return;
  }
  c.put(", extra_data=");
  append_quoted_hex(c.out(), rest);
  c.print(" /* bytes {}..{} */", known, size - 1);
}

void print_attributes(ArgContext& c) {
  const std::uint64_t size = static_cast<std::uint32_t>(c.arg(2));
  const auto number_of_command = static_cast<std::uint32_t>(c.arg(0));
  std::vector<std::byte> bytes(static_cast<std::size_t>(size <= kMostAttributes ? size : 0));
  const bool readable = c.value() != 0 && !bytes.empty() && c.memory().read(c.value(), bytes) == bytes.size();
  // Read at entry too, as numbers that the call changes are shown before and after.
  if (gives_back(number_of_command) && c.wait_for_exit()) return;
  Attributes all;
  all.given = size;
  std::copy_n(bytes.begin(), std::min(bytes.size(), all.bytes.size()), all.bytes.begin());
  const CommandRow* command = row_of(number_of_command, all);
  if (command == nullptr || !readable) {
    print_address(c, c.value());
    return;
  }
  if (!command->wrapper.empty()) c.print("{{{}=", command->wrapper);
  print_rows(c, all, *command);
  if (!command->wrapper.empty()) c.put("}");
  print_extra_data(c, command->known, size);
  c.put("}");
}

constexpr std::uint32_t kMakers[] = {BPF_MAP_CREATE,        BPF_PROG_LOAD,        BPF_OBJ_GET,
                                     BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID, BPF_RAW_TRACEPOINT_OPEN,
                                     BPF_BTF_LOAD,          BPF_BTF_GET_FD_BY_ID, BPF_LINK_CREATE,
                                     BPF_LINK_GET_FD_BY_ID, BPF_ENABLE_STATS,     BPF_ITER_CREATE};

}  // namespace

void result_bpf(ArgContext& c) {
  const auto command = static_cast<std::uint32_t>(c.arg(0));
  const bool is_descriptor = c.call().result == static_cast<std::int32_t>(c.call().result);
  if (is_descriptor && std::ranges::find(kMakers, command) != std::end(kMakers)) {
    result_fd(c);
  } else {
    c.put_number(c.call().result);
  }
}

const ArgKind kBpfCommand{
    [](ArgContext& c) { print_choice(c, c.as_uint(), kCommandNames.values, kCommandNames.unknown); }};
const ArgKind kBpfAttributes{print_attributes, When::either};

}  // namespace vdsotrace
