// What ioctl requests of KVM take and fill (linux/kvm.h).
#include <linux/kvm.h>

#include "model/syscalls/ioctl/generated_value_names.hpp"
#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr Field kMemoryFields[] = {
    {"slot", 0, kWord}, {"flags", 4, flags(4, kGuestMemory)}, {"guest_phys_addr", 8, kHexWide},
    {"memory_size", 16, kWide}, {"userspace_addr", 24, kHexWide}};
constexpr Structure kMemoryRegion{32, 32, kMemoryFields};

/// "..." in the place of members that are shown in full only.
bool show_omission(const Walk& walk, const Piece&, const Kind&) {
  if (walk.c.abbreviated()) walk.c.put("...");
  return true;
}
bool is_full(const Walk& walk) { return !walk.c.abbreviated(); }
constexpr Field kOmission{"", 0, {show_omission}};
constexpr Field full(std::string_view name, std::uint16_t offset) {
  return {name, offset, kHexWide, Shown::always, is_full};
}

constexpr Field kGuestRegisterFields[] = {
    {"rax", 0, kHexWide}, kOmission, full("rbx", 8), full("rcx", 16), full("rdx", 24), full("rsi", 32), full("rdi", 40),
    {"rsp", 48, kHexWide}, {"rbp", 56, kHexWide}, kOmission, full("r8", 64), full("r9", 72), full("r10", 80),
    full("r11", 88), full("r12", 96), full("r13", 104), full("r14", 112), full("r15", 120),
    {"rip", 128, kHexWide}, {"rflags", 136, kHexWide}};
constexpr Structure kRegisters{sizeof(kvm_regs), sizeof(kvm_regs), kGuestRegisterFields};

constexpr Field kSegmentFields[] = {
    {"base", 0, kHexWide}, {"limit", 8, kWord}, {"selector", 12, kShort}, {"type", 14, kByte}, {"present", 15, kByte},
    {"dpl", 16, kByte}, {"db", 17, kByte}, {"s", 18, kByte}, {"l", 19, kByte}, {"g", 20, kByte}, {"avl", 21, kByte}};
constexpr Structure kSegment{sizeof(kvm_segment), sizeof(kvm_segment), kSegmentFields};
constexpr Field kTableFields[] = {{"base", 0, kHexWide}, {"limit", 8, kShort}};
constexpr Structure kTable{sizeof(kvm_dtable), sizeof(kvm_dtable), kTableFields};
constexpr Kind kInterrupts = array(kHexWide, 4);

constexpr Field kSpecialFields[] = {
    {"cs", 0, structure(kSegment)}, {"ds", 24, structure(kSegment), Shown::in_full},
    {"es", 48, structure(kSegment), Shown::in_full}, {"fs", 72, structure(kSegment), Shown::in_full},
    {"gs", 96, structure(kSegment), Shown::in_full}, {"ss", 120, structure(kSegment), Shown::in_full},
    {"tr", 144, structure(kSegment), Shown::in_full}, {"ldt", 168, structure(kSegment), Shown::in_full},
    {"gdt", 192, structure(kTable), Shown::in_full}, {"idt", 208, structure(kTable), Shown::in_full},
    {"cr0", 224, kWide, Shown::in_full}, {"cr2", 232, kWide, Shown::in_full}, {"cr3", 240, kWide, Shown::in_full},
    {"cr4", 248, kWide, Shown::in_full}, {"cr8", 256, kWide, Shown::in_full}, {"efer", 264, kWide, Shown::in_full},
    {"apic_base", 272, kHexWide, Shown::in_full}, {"interrupt_bitmap", 280, kInterrupts, Shown::in_full}};
constexpr Structure kSpecialRegisters{sizeof(kvm_sregs), sizeof(kvm_sregs), kSpecialFields};

// What the processor says of itself.

constexpr NamedValue kLeafNames[] = {
    NAMED(KVM_CPUID_FLAG_SIGNIFCANT_INDEX), NAMED(KVM_CPUID_FLAG_STATEFUL_FUNC), NAMED(KVM_CPUID_FLAG_STATE_READ_NEXT)};
constexpr NameTable kLeafFlags{kLeafNames, "KVM_CPUID_FLAG_???"};
constexpr Field kLeafFields[] = {
    {"function", 0, kHexWord}, {"index", 4, kHexWord}, {"flags", 8, flags(4, kLeafFlags)}, {"eax", 12, kHexWord},
    {"ebx", 16, kHexWord}, {"ecx", 20, kHexWord}, {"edx", 24, kHexWord}};
constexpr Structure kLeaf{sizeof(kvm_cpuid_entry2), sizeof(kvm_cpuid_entry2), kLeafFields};

bool show_leaves(const Walk& walk, const Piece& piece, const Kind&) {
  const auto count = walk.within->object<std::uint32_t>().value_or(0);
  if (walk.c.abbreviated()) {
    walk.c.put(count == 0 ? "[]" : "[...]");
  } else {
    print_structures_at(walk.c, piece.address, count, kAnyCount, kLeaf);
  }
  return true;
}
constexpr Field kLeavesFields[] = {{"nent", 0, kWord}, {"entries", 8, {show_leaves}}};
constexpr Structure kLeaves{8, 8, kLeavesFields};

// In C++ the header's structure is larger than in C, and so are the numbers that it makes of its size.
constexpr std::uint32_t kSetLeaves = 0x4008ae90;       // KVM_SET_CPUID2
constexpr std::uint32_t kSupportedLeaves = 0xc008ae05;  // KVM_GET_SUPPORTED_CPUID
constexpr std::uint32_t kEmulatedLeaves = 0xc008ae09;   // KVM_GET_EMULATED_CPUID

constexpr IoctlShape kGuestShapes[] = {
    {KVM_SET_USER_MEMORY_REGION, Way::in, structure(kMemoryRegion)},
    {KVM_SET_REGS, Way::in, structure(kRegisters)},
    {KVM_GET_REGS, Way::out, structure(kRegisters)},
    {KVM_SET_SREGS, Way::in, structure(kSpecialRegisters)},
    {KVM_GET_SREGS, Way::out, structure(kSpecialRegisters)},
    {kSetLeaves, Way::in, structure(kLeaves)},
    {kSupportedLeaves, Way::out, structure(kLeaves)},
    {kEmulatedLeaves, Way::out, structure(kLeaves)},
};

void print_capability(ArgContext& c) {
  print_choice(c, c.value(), kGuestCapabilities.values, kGuestCapabilities.unknown);
}
constexpr IoctlPrinter kGuestPrinters[] = {{KVM_CHECK_EXTENSION, print_capability}, {KVM_CREATE_VCPU, print_uint_arg}};

}  // namespace

std::span<const IoctlShape> guest_shapes() { return kGuestShapes; }
std::span<const IoctlPrinter> guest_ioctls() { return kGuestPrinters; }

}  // namespace vdsotrace::ioctl
