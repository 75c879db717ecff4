#include "os/machine/call_probe.hpp"

#include <fmt/core.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <memory>

#include "base/clock.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

/// What the kernel reports of the state that getrandom's function wants (linux/random.h,
/// struct vgetrandom_opaque_params, Linux 6.11).
struct RandomState {
  std::uint32_t size;
  std::uint32_t protection;
  std::uint32_t flags;
  std::uint32_t reserved[13];
};

/// Results of the calls go here; big enough for the largest.
alignas(16) std::array<std::byte, 256> buffer;

using Arguments = std::array<long, 5>;
using Function = long (*)(long, long, long, long, long);

struct Prepared {
  long number = 0;
  Arguments arguments{};
  Function function = nullptr;

  long by_function() const {
    const auto& a = arguments;
    return function(a[0], a[1], a[2], a[3], a[4]);
  }
  long by_system_call() const {
    return ::syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
  }
};

long number_of_service(const VdsoService& service) {
  return static_cast<long>(number_of(Abi::x86_64, service.syscall));
}

/// Of those that are probed, and of all others that a function may fall back to.
std::vector<std::uint32_t> numbers_to_trap(std::span<const CallProbe> probes) {
  std::vector<std::uint32_t> numbers;
  const auto add = [&](const VdsoService& service) {
    const long number = number_of_service(service);
    if (number < 0) return;
    const auto unsigned_number = static_cast<std::uint32_t>(number);
    if (std::ranges::find(numbers, unsigned_number) == numbers.end()) numbers.push_back(unsigned_number);
  };
  for (const VdsoService& service : known_services()) add(service);
  for (const CallProbe& probe : probes) add(*probe.service);
  return numbers;
}

/// Memory of the kind that getrandom's function asks for; it is this process's until its end.
void prepare_random(Prepared& call) {
  constexpr long kAskForParameters = -1;
  RandomState wanted{};
  call.arguments = {reinterpret_cast<long>(buffer.data()), 16, 0, 0, 0};
  if (call.function == nullptr || call.function(0, 0, 0, reinterpret_cast<long>(&wanted), kAskForParameters) != 0)
    return;
  void* state =
      ::mmap(nullptr, wanted.size, static_cast<int>(wanted.protection), static_cast<int>(wanted.flags), -1, 0);
  if (state == MAP_FAILED) return;
  call.arguments[3] = reinterpret_cast<long>(state);
  call.arguments[4] = wanted.size;
}

Prepared prepare(const CallProbe& probe) {
  Prepared call;
  call.number = number_of_service(*probe.service);
  call.function = reinterpret_cast<Function>(probe.function);
  const long into = reinterpret_cast<long>(buffer.data());
  switch (probe.service->output) {
    case ServiceOutput::timespec: call.arguments = {probe.clock, into}; break;
    case ServiceOutput::cpu: call.arguments = {into, into + 8}; break;
    case ServiceOutput::timeval:
    case ServiceOutput::result: call.arguments = {into}; break;
    case ServiceOutput::random: prepare_random(call); break;
    case ServiceOutput::unknown: break;
  }
  return call;
}

template <class Call>
double median_ns(Call&& make) {
  constexpr std::int64_t kBatchNs = 100'000;
  constexpr int kMostCalls = 10'000;
  constexpr int kFirst = 32;
  const auto time_of = [&](int calls) {
    const std::int64_t start = monotonic_ns();
    for (int i = 0; i < calls; ++i) make();
    return std::max<std::int64_t>(monotonic_ns() - start, 1);
  };
  time_of(kFirst);  // warms up
  const std::int64_t wanted = kFirst * kBatchNs / time_of(kFirst);
  const int calls = static_cast<int>(std::clamp<std::int64_t>(wanted, kFirst, kMostCalls));
  std::array<double, 9> batches;
  for (double& batch : batches) batch = static_cast<double>(time_of(calls)) / calls;
  std::nth_element(batches.begin(), batches.begin() + batches.size() / 2, batches.end());
  return batches[batches.size() / 2];
}

void measure(const CallProbe& probe, CallFinding& finding) {
  const Prepared call = prepare(probe);
  if (call.by_system_call() < 0) {
    finding.error = errno;
    return;
  }
  timespec resolution{};
  if (probe.service->first_is_clock && ::syscall(SYS_clock_getres, probe.clock, &resolution) == 0)
    finding.resolution_ns = std::int64_t{resolution.tv_sec} * 1'000'000'000 + resolution.tv_nsec;
  finding.system_call_ns = median_ns([&] { call.by_system_call(); });
  if (call.function != nullptr) finding.function_ns = median_ns([&] { call.by_function(); });
}

volatile std::sig_atomic_t trapped;
void note_trap(int) { trapped = 1; }

/// From now on those calls raise SIGSYS (SECCOMP_RET_TRAP) and are not made.
bool trap_calls(std::span<const std::uint32_t> numbers) {
  struct sigaction action {};
  action.sa_handler = note_trap;
  sigset_t unblocked;
  ::sigemptyset(&unblocked);
  ::sigaddset(&unblocked, SIGSYS);
  if (::sigaction(SIGSYS, &action, nullptr) != 0 || ::sigprocmask(SIG_UNBLOCK, &unblocked, nullptr) != 0) return false;
  std::vector<sock_filter> filter;
  filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto to_trap = static_cast<std::uint8_t>(numbers.size() - i);
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], to_trap, 0));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/// Whether a call of the function passes without a system call. Some calls may need one now and then
/// (getrandom has to reseed), so it is tried again.
bool stays_in_user_space(const Prepared& call) {
  for (int tries = 0; tries < 3; ++tries) {
    trapped = 0;
    call.by_function();
    if (trapped == 0) return true;
  }
  return false;
}

/// Shared with the children, which write their findings into it.
class SharedFindings {
 public:
  explicit SharedFindings(std::size_t count) : size_(count * sizeof(CallFinding)) {
    void* memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    findings_ = {static_cast<CallFinding*>(memory), count};
    std::uninitialized_default_construct(findings_.begin(), findings_.end());
  }
  ~SharedFindings() {
    if (!findings_.empty()) ::munmap(findings_.data(), size_);
  }
  SharedFindings(const SharedFindings&) = delete;
  SharedFindings& operator=(const SharedFindings&) = delete;
  std::span<CallFinding> get() const { return findings_; }

 private:
  std::size_t size_;
  std::span<CallFinding> findings_;
};

/// Runs `work` in a child; it succeeds if that returns true.
template <class Work>
Result<void> in_child(Work&& work) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return fail(fmt::format("cannot fork: {}", std::strerror(errno)));
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(::getppid() == parent && work() ? 0 : 1);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail(fmt::format("cannot wait: {}", std::strerror(errno)));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail("cannot try the calls: the child process that makes them failed");
}

bool measure_all(std::span<const CallProbe> probes, std::span<CallFinding> findings) {
  for (std::size_t i = 0; i < probes.size(); ++i) measure(probes[i], findings[i]);
  return true;
}

bool ask_all(std::span<const CallProbe> probes, std::span<CallFinding> findings) {
  std::vector<Prepared> calls;
  for (const CallProbe& probe : probes) {
    calls.push_back(prepare(probe));
    // What only a first call does is done now: getrandom seeds its state.
    if (calls.back().function != nullptr) calls.back().by_function();
  }
  if (!trap_calls(numbers_to_trap(probes))) return false;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (findings[i].error == 0 && calls[i].function != nullptr)
      findings[i].in_user_space = stays_in_user_space(calls[i]);
  }
  return true;
}

}  // namespace

Result<std::vector<CallFinding>> probe_calls(std::span<const CallProbe> probes) {
  if (probes.empty()) return std::vector<CallFinding>();
  const SharedFindings shared(probes.size());
  const auto findings = shared.get();
  if (findings.empty()) return fail("cannot try the calls: no memory");
  if (auto ok = in_child([&] { return measure_all(probes, findings); }); !ok) return tl::unexpected(ok.error());
  if (auto ok = in_child([&] { return ask_all(probes, findings); }); !ok) return tl::unexpected(ok.error());
  return std::vector<CallFinding>(findings.begin(), findings.end());
}

}  // namespace vdsotrace
