// Programs of the classic packet filter (linux/filter.h): of sockets, and of seccomp(2).
#pragma once

#include "model/syscalls/print.hpp"

namespace vdsotrace {

/// What its numbers mean: offsets into a packet, or what is returned for a system call.
enum class FilterUse : std::uint8_t { packets, calls };

/// The struct sock_fprog at `address`: "{len=3, filter=0x7ffc...}"; its statements where structures are shown in full.
void print_filter_program_at(ArgContext& c, std::uint64_t address, FilterUse use);
/// `count` statements: "[BPF_STMT(BPF_RET|BPF_K, 0)]".
void print_statements_at(ArgContext& c, std::uint64_t address, std::uint64_t count, FilterUse use);
/// The same where structures are shown in full, else their address.
void print_filter_at(ArgContext& c, std::uint64_t address, std::uint64_t count, FilterUse use);

/// `count` instructions of bpf(2): "[{code=BPF_JMP|BPF_K|BPF_EXIT, dst_reg=BPF_REG_0, ...}]"; where structures are not
/// shown in full the address.
void print_instructions_at(ArgContext& c, std::uint64_t address, std::uint64_t count);

}  // namespace vdsotrace
