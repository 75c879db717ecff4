// The vDSO of a process: where it lies, what we changed of it, what it offers, and which system calls it makes itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "os/memory/vdso_mapping.hpp"
#include "trace/thread/patched_mapping.hpp"
#include "vdsotrace/abi.hpp"
#include "vdsotrace/event.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// The numbers of the system calls that a program of that ABI may make and whose services the image offers; without an
/// image, those of the classic time calls.
std::vector<std::int64_t> capable_numbers(const VdsoImage* image, Abi program);

/// Images taken apart, shared by all address spaces whose vDSO has the same
/// bytes: a fork storm analyses one image once.
class ImageCache {
 public:
  Result<std::shared_ptr<const VdsoImage>> get(std::span<const std::byte> bytes);

 private:
  std::vector<std::shared_ptr<const VdsoImage>> images_;
};

/// A mapping of size() 0: the process has no vDSO.
class SpaceVdso : public PatchedMapping {
 public:
  SpaceVdso() = default;
  /// By what os/memory/vdso_mapping found. One that is not known, or cannot be taken apart, is `unusable`, not an
  /// error: the program's system calls can still be traced. `abi`: of the process, if no image says better.
  SpaceVdso(const Result<MappedVdso>& found, Abi abi, ImageCache& cache);

  /// Of the code that the process runs.
  Abi abi() const { return abi_; }
  /// Null if there is no vDSO or it is unusable.
  const VdsoImage* image() const { return image_.get(); }
  std::shared_ptr<const VdsoImage> shared_image() const { return image_; }
  bool is_mapped() const { return size() != 0; }
  /// Whether it is known that there is a vDSO or none. If not, a system call may be its fallback: it serves none.
  bool is_known() const { return is_known_; }
  /// Why image() is null although is_mapped(), or not is_known().
  const std::string& unusable() const { return unusable_; }
  std::optional<VdsoFacts> facts() const;

  /// Whether it offers what this system call does. A process without
  /// a vDSO counts the classic time calls. 64-bit code makes them by x32's numbers and by
  /// others: x32's vDSO does so.
  bool serves(Abi abi, std::int64_t nr) const;
  /// The function of which a fallback site ends at `pc`.
  const VdsoFunction* fallback_at(std::uint64_t pc) const;
  /// The function that makes the system call of `fallback`, whose instruction ends at `pc`, or null if it comes from
  /// elsewhere. `memory`: at least the top of the stack. If the instruction lies in an exported gate for all system
  /// calls (i386's __kernel_vsyscall), only the gate's caller shows whether the vDSO made the call.
  const VdsoFunction* maker_of(const VdsoFunction* fallback, std::uint64_t pc, std::uint64_t stack_pointer,
                               Memory& memory) const;
  /// The addresses of its system call instructions, as it was before anything was changed, of the kind that
  /// arch::system_call_code names.
  std::vector<std::uint64_t> system_call_instructions() const;

  /// Whether the memory of that stopped process has this vDSO, with our patches and no others, at this address.
  bool is_in(pid_t stopped) const;
  /// The program unmapped it: patches are gone with it.
  void unmapped();

 private:
  /// If `pc` lies in a gate: how far above the stack pointer the return address lies then. Some gates push registers
  /// first, others do not (arch/x86/entry/vdso/vdso32/system_call.S, and Linux 7.2's).
  std::optional<std::uint64_t> gate_frame(std::uint64_t pc) const;

  Abi abi_ = Abi::x86_64;
  std::shared_ptr<const VdsoImage> image_;
  std::string unusable_;
  bool is_known_ = true;
  std::vector<std::int64_t> capable_numbers_;
};

}  // namespace vdsotrace
