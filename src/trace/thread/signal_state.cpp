#include "trace/thread/signal_state.hpp"

#include <cstring>

namespace vdsotrace {
namespace {

struct NarrowSigaction {
  std::uint32_t handler;
  std::uint32_t flags;
  std::uint32_t restorer;
  std::uint32_t mask[2];
};

struct OldSigaction {
  std::uint32_t handler;
  std::uint32_t mask;
  std::uint32_t flags;
  std::uint32_t restorer;
};

template <class T>
std::vector<std::byte> bytes_of(const T& object) {
  const auto bytes = std::as_bytes(std::span(&object, 1));
  return {bytes.begin(), bytes.end()};
}

bool is_narrow(Abi abi) { return word_size(abi) < sizeof(std::uint64_t); }

}  // namespace

std::size_t sigaction_size(Abi abi) { return is_narrow(abi) ? sizeof(NarrowSigaction) : sizeof(KernelSigaction); }

std::vector<std::byte> sigaction_bytes(const KernelSigaction& action, Abi abi) {
  if (!is_narrow(abi)) return bytes_of(action);
  const auto narrow = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  return bytes_of(NarrowSigaction{narrow(action.handler),
                                  narrow(action.flags),
                                  narrow(action.restorer),
                                  {narrow(action.mask), narrow(action.mask >> 32)}});
}

std::optional<KernelSigaction> read_sigaction(Memory& memory, std::uint64_t address, Abi abi) {
  if (!is_narrow(abi)) return memory.object<KernelSigaction>(address);
  const auto found = memory.object<NarrowSigaction>(address);
  if (!found) return std::nullopt;
  return KernelSigaction{found->handler, found->flags, found->restorer,
                         found->mask[0] | std::uint64_t{found->mask[1]} << 32};
}

std::optional<KernelSigaction> read_old_sigaction(Memory& memory, std::uint64_t address) {
  const auto found = memory.object<OldSigaction>(address);
  if (!found) return std::nullopt;
  return KernelSigaction{found->handler, found->flags, found->restorer, found->mask};
}

bool SignalActions::has_handler(int signal) const {
  return of(signal).handler != kDefault && of(signal).handler != kIgnore;
}

bool SignalActions::ignored(int signal) const { return of(signal).handler == kIgnore; }

void SignalActions::reset_handlers() {
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (!ignored(signal)) set(signal, {});
  }
}

}  // namespace vdsotrace
