#include "os/memory/vdso_mapping.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "arch/registers.hpp"
#include "base/page.hpp"
#include "base/unique_fd.hpp"
#include "os/memory/remote_memory.hpp"
#include "os/proc/auxv.hpp"
#include "os/proc/proc.hpp"
#include "os/procfs.hpp"
#include "os/tracing/ptrace.hpp"
#include "os/tracing/spawn.hpp"
#include "os/tracing/wait_status.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {
namespace {

/// That one may execute while we look at it.
constexpr int kMostPrograms = 4;
constexpr std::string_view kAllowed = "be its user and allowed to trace it, or root";
constexpr std::size_t kMostSegments = 64;

/// Why a process shows no mappings at all.
Error why_no_mappings(pid_t pid) {
  if (!proc::exists(pid)) return {ESRCH, fmt::format("process {}: No such process", pid), {}};
  if (!procfs::trusted()) return {0, fmt::format("process {}: {}", pid, procfs::why_not_trusted()), procfs::kHint};
  const UniqueFd maps = procfs::open(fmt::format("{}/maps", pid), O_RDONLY);
  // Whether it is there ENOENT does not say: a /proc that hides other users' processes has no such file either.
  if (!maps && errno == ENOENT && !proc::state(pid))
    return {0, fmt::format("process {}: /proc does not show it (it is mounted with hidepid)", pid),
            std::string(kAllowed)};
  if (!maps && errno != ENOENT) {
    return {errno, fmt::format("process {}: {}", pid, std::strerror(errno)), std::string(kAllowed)};
  }
  // Neither a zombie nor a kernel thread has memory; only the former had a program.
  return {0, fmt::format("process {}: it has ended, or is a kernel thread: it has no memory", pid), {}};
}

Error no_vdso(pid_t pid) { return {ENOENT, fmt::format("process {}: it has no vDSO", pid), {}}; }

/// How much of a file the headers of an ELF image speak of.
template <class Header, class Segment>
std::optional<std::uint64_t> extent(Memory& memory, std::uint64_t base) {
  const auto header = memory.object<Header>(base);
  if (!header || header->e_phentsize != sizeof(Segment) || header->e_phnum > kMostSegments) return std::nullopt;
  const std::uint64_t sections = std::uint64_t{header->e_shnum} * header->e_shentsize;
  if (header->e_phoff > kLargestVdso || header->e_shoff > kLargestVdso) return std::nullopt;
  std::uint64_t end = std::max(sizeof(Header), sections == 0 ? 0 : header->e_shoff + sections);
  for (std::size_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = memory.object<Segment>(base + header->e_phoff + i * sizeof(Segment));
    if (!segment) return std::nullopt;
    if (segment->p_type != PT_LOAD) continue;
    if (segment->p_offset > kLargestVdso || segment->p_memsz > kLargestVdso) return std::nullopt;
    end = std::max<std::uint64_t>(end, segment->p_offset + segment->p_memsz);
  }
  return end;
}

/// All of the mapping at a place that the kernel named.
Result<MappedVdso> read_at(Memory& memory, std::uint64_t base) {
  if (!memory.object<unsigned char>(base)) return fail("its memory cannot be read", std::string(kAllowed));
  const auto size = mapped_size(memory, base);
  if (!size) return fail("it is no image of a kernel");
  MappedVdso vdso{base, std::vector<std::byte>(*size)};
  vdso.bytes.resize(memory.read(base, vdso.bytes) / kPage * kPage);
  if (vdso.bytes.empty()) return fail("it cannot be read");
  return vdso;
}

Result<WaitStatus> next_stop_of(pid_t child, OwnSignals& signals) {
  int raw = 0;
  while (::waitpid(child, &raw, __WALL) < 0) {
    if (errno != EINTR) return fail(fmt::format("cannot wait: {}", std::strerror(errno)));
    if (const auto own = signals.take()) return fail(fmt::format("ended by signal {}", own->signal));
  }
  return WaitStatus(raw);
}

/// Runs the child up to its exec.
Result<void> run_to_exec(const SpawnedChild& child, OwnSignals& signals) {
  for (;;) {
    const auto status = next_stop_of(child.pid(), signals);
    if (!status) return tl::unexpected(status.error());
    if (status->ended()) return tl::unexpected(child.failure());
    if (status->kind() == WaitStatus::Kind::event && status->event() == PTRACE_EVENT_EXEC) return {};
    const bool delivers = status->kind() == WaitStatus::Kind::signal;
    ptrace::resume_to_syscall(child.pid(), delivers ? status->signal() : 0);
  }
}

Result<MappedVdso> read_vdso_of_executed(pid_t pid) {
  const auto info = ptrace::syscall_info(pid);
  if (!info) return fail("it ended before it could be run");
  RemoteMemory memory(pid);
  return read_executed_vdso(memory, info->stack_pointer, info->arch != arch::audit_machine(Abi::i386));
}

void kill_and_reap(pid_t pid) {
  ::kill(pid, SIGKILL);
  for (int raw = 0; ::waitpid(pid, &raw, __WALL) >= 0 || errno == EINTR;) {
    if (WaitStatus(raw).ended()) return;
  }
}

}  // namespace

Result<MappedVdso> read_vdso(pid_t pid) {
  // It may end, or execute another program, after its mappings were listed.
  for (int attempt = 0; attempt < kMostPrograms; ++attempt) {
    const auto mappings = proc::mappings(pid);
    if (mappings.empty()) return tl::unexpected(why_no_mappings(pid));
    const auto mapping = std::ranges::find(mappings, "[vdso]", &proc::Mapping::name);
    if (mapping == mappings.end()) return tl::unexpected(no_vdso(pid));
    const std::uint64_t size = mapping->end - mapping->start;
    if (size > kLargestVdso) return fail(fmt::format("process {}: its vDSO is too large", pid));
    MappedVdso vdso{mapping->start, std::vector<std::byte>(size)};
    if (RemoteMemory(pid).read(vdso.base, vdso.bytes) == size) return vdso;
  }
  return fail(fmt::format("process {}: its memory cannot be read", pid), std::string(kAllowed));
}

std::optional<std::uint64_t> mapped_size(Memory& memory, std::uint64_t base) {
  const auto ident = memory.object<std::array<unsigned char, EI_NIDENT>>(base);
  if (!ident || std::memcmp(ident->data(), ELFMAG, SELFMAG) != 0) return std::nullopt;
  const auto end = (*ident)[EI_CLASS] == ELFCLASS64   ? extent<Elf64_Ehdr, Elf64_Phdr>(memory, base)
                   : (*ident)[EI_CLASS] == ELFCLASS32 ? extent<Elf32_Ehdr, Elf32_Phdr>(memory, base)
                                                      : std::nullopt;
  if (!end || *end > kLargestVdso) return std::nullopt;
  return whole_pages(*end);
}

Result<MappedVdso> read_executed_vdso(Memory& memory, std::uint64_t stack_pointer, bool is_64_bit) {
  if (!memory.object<unsigned char>(stack_pointer)) return fail("its memory cannot be read", std::string(kAllowed));
  const auto vector = AuxiliaryVector::on_stack(memory, stack_pointer, is_64_bit);
  if (!vector) return fail("its stack is not as the kernel lays it out");
  const auto base = vector->value(AT_SYSINFO_EHDR);
  if (!base) return fail("it has no vDSO", {}, ENOENT);
  return read_at(memory, *base);
}

Result<MappedVdso> read_own_vdso() {
  const std::uint64_t base = ::getauxval(AT_SYSINFO_EHDR);
  RemoteMemory memory(::getpid());
  if (base != 0) return read_at(memory, base);
  if (procfs::trusted()) return read_vdso(::getpid());
  return fail("it has no vDSO", {}, ENOENT);
}

Result<MappedVdso> read_vdso_of(const std::vector<std::string>& command) {
  OwnSignals signals;
  auto child = SpawnedChild::start({command, {}, {}}, signals);
  if (!child) return tl::unexpected(child.error());
  child->begin();
  if (auto stopped = run_to_exec(*child, signals); !stopped) {
    kill_and_reap(child->pid());
    return tl::unexpected(stopped.error());
  }
  auto vdso = read_vdso_of_executed(child->pid());
  kill_and_reap(child->pid());
  if (!vdso) vdso.error().message = fmt::format("{}: {}", command.front(), vdso.error().message);
  return vdso;
}

}  // namespace vdsotrace
