// ioctl of KVM; expected lines are strace 6.1's.
#include <string>
#include <vector>

#include <linux/kvm.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kGuestAt = 0x7f0000001000;
constexpr std::uint64_t kSetLeaves = 0x4008ae90;  // KVM_SET_CPUID2, which the header gets wrong in C++

template <class T>
std::string shown_of_guest(std::uint64_t request, const T& value, const ArgumentSets& sets = ArgumentSets()) {
  DecodedCall call("ioctl", {3, request, kGuestAt});
  return args_of(call.sets(sets).put(kGuestAt, value).leave(0).text()).at(2);
}

TEST_CASE("memory and capabilities of virtual machines", "[ioctl]") {
  kvm_userspace_memory_region region{};
  region.flags = KVM_MEM_READONLY;
  region.guest_phys_addr = 0x1000;
  region.memory_size = 4096;
  region.userspace_addr = kGuestAt;
  CHECK(shown_of_guest(KVM_SET_USER_MEMORY_REGION, region) ==
        "{slot=0, flags=KVM_MEM_READONLY, guest_phys_addr=0x1000, memory_size=4096, userspace_addr=0x7f0000001000}");
  CHECK(line_of("ioctl", {3, KVM_CHECK_EXTENSION, 3}, 1) == "ioctl(3, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY) = 1");
  CHECK(line_of("ioctl", {3, KVM_CHECK_EXTENSION, 0xfedcb}, 0) ==
        "ioctl(3, KVM_CHECK_EXTENSION, 0xfedcb /* KVM_CAP_??? */) = 0");
}

TEST_CASE("what makes a virtual machine returns a descriptor", "[ioctl]") {
  DescriptorFacts facts;
  facts.path = "anon_inode:kvm-vm";
  DecodedCall call("ioctl", {3, KVM_CREATE_VM, 0});
  call.descriptors({.path = true}).open(4, facts);
  CHECK(call.leave(4).line() == "ioctl(3, KVM_CREATE_VM, 0) = 4<anon_inode:kvm-vm>");
  DecodedCall other("ioctl", {3, KVM_GET_VCPU_MMAP_SIZE, 0});
  CHECK(other.descriptors({.path = true}).open(4, facts).leave(4).line() == "ioctl(3, KVM_GET_VCPU_MMAP_SIZE, 0) = 4");
}

TEST_CASE("registers of virtual processors", "[ioctl]") {
  kvm_regs registers{};
  registers.rax = 2;
  registers.r15 = 15;
  registers.rip = 0x1000;
  CHECK(shown_of_guest(KVM_SET_REGS, registers) == "{rax=0x2, ..., rsp=0, rbp=0, ..., rip=0x1000, rflags=0}");
  CHECK(shown_of_guest(KVM_GET_REGS, registers, in_full()) ==
        "{rax=0x2, rbx=0, rcx=0, rdx=0, rsi=0, rdi=0, rsp=0, rbp=0, r8=0, r9=0, r10=0, r11=0, r12=0, r13=0, r14=0, "
        "r15=0xf, rip=0x1000, rflags=0}");
  kvm_sregs special{};
  special.cs.base = 0xffff0000;
  special.efer = 7;
  const std::string segment =
      "{base=0xffff0000, limit=0, selector=0, type=0, present=0, dpl=0, db=0, s=0, l=0, g=0, avl=0}";
  CHECK(shown_of_guest(KVM_GET_SREGS, special) == "{cs=" + segment + ", ...}");
  CHECK(shown_of_guest(KVM_GET_SREGS, special, in_full())
            .ends_with(", efer=7, apic_base=0, interrupt_bitmap=[0, 0, 0, 0]}"));
}

TEST_CASE("leaves of virtual processors", "[ioctl]") {
  struct {
    std::uint32_t count = 1, padding = 0;
    kvm_cpuid_entry2 leaf{};
  } leaves;
  leaves.leaf.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
  CHECK(shown_of_guest(kSetLeaves, leaves) == "{nent=1, entries=[...]}");
  CHECK(shown_of_guest(kSetLeaves, leaves, in_full()) ==
        "{nent=1, entries=[{function=0, index=0, flags=KVM_CPUID_FLAG_SIGNIFCANT_INDEX, eax=0, ebx=0, ecx=0, edx=0}]}");
  leaves.count = 0;
  CHECK(shown_of_guest(kSetLeaves, leaves) == "{nent=0, entries=[]}");
}

}  // namespace
}  // namespace vdsotrace::testing
