// Address spaces.
#include <array>

#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>

#include "model/syscalls/memory/kinds.hpp"
#include "model/syscalls/tables.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr std::array kProtectionValues{
    NAMED(PROT_NONE), NAMED(PROT_READ), NAMED(PROT_WRITE), NAMED(PROT_EXEC),
    NamedValue{0x8, "PROT_SEM"}, NAMED(PROT_GROWSDOWN), NAMED(PROT_GROWSUP)};
constexpr NameTable kProtectionNames{kProtectionValues, "PROT_???"};

constexpr std::array kRemapValues{
    NAMED(MREMAP_MAYMOVE), NAMED(MREMAP_FIXED), NAMED(MREMAP_DONTUNMAP)};
constexpr NameTable kRemapNames{kRemapValues, "MREMAP_???"};

constexpr std::array kAdviceValues{
    NAMED(MADV_NORMAL), NAMED(MADV_RANDOM), NAMED(MADV_SEQUENTIAL), NAMED(MADV_WILLNEED),
    NAMED(MADV_DONTNEED), NAMED(MADV_FREE), NAMED(MADV_REMOVE), NAMED(MADV_DONTFORK),
    NAMED(MADV_DOFORK), NAMED(MADV_MERGEABLE), NAMED(MADV_UNMERGEABLE), NAMED(MADV_HUGEPAGE),
    NAMED(MADV_NOHUGEPAGE), NAMED(MADV_DONTDUMP), NAMED(MADV_DODUMP), NAMED(MADV_WIPEONFORK),
    NAMED(MADV_KEEPONFORK), NAMED(MADV_COLD), NAMED(MADV_PAGEOUT), NAMED(MADV_POPULATE_READ),
    NAMED(MADV_POPULATE_WRITE), NamedValue{24, "MADV_DONTNEED_LOCKED"},
    NamedValue{25, "MADV_COLLAPSE"}, NAMED(MADV_HWPOISON), NamedValue{101, "MADV_SOFT_OFFLINE"}};
constexpr NameTable kAdviceNames{kAdviceValues, "MADV_???"};

constexpr std::array kMsyncValues{NAMED(MS_SYNC), NAMED(MS_ASYNC), NAMED(MS_INVALIDATE)};
constexpr NameTable kMsyncNames{kMsyncValues, "MS_???"};

constexpr std::array kMlockValues{NAMED(MLOCK_ONFAULT)};
constexpr NameTable kMlockNames{kMlockValues, "MLOCK_???"};

constexpr std::array kMlockallValues{NAMED(MCL_CURRENT), NAMED(MCL_FUTURE), NAMED(MCL_ONFAULT)};
constexpr NameTable kMlockallNames{kMlockallValues, "MCL_???"};

constexpr std::array kPkeyRightsValues{
    NAMED(PKEY_DISABLE_ACCESS), NAMED(PKEY_DISABLE_WRITE), NamedValue{0x4, "PKEY_DISABLE_EXECUTE"}};
constexpr NameTable kPkeyRightsNames{kPkeyRightsValues, "PKEY_???"};

constexpr std::array kMembarrierValues{
    NAMED(MEMBARRIER_CMD_QUERY), NAMED(MEMBARRIER_CMD_GLOBAL),
    NAMED(MEMBARRIER_CMD_GLOBAL_EXPEDITED), NAMED(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
    NAMED(MEMBARRIER_CMD_PRIVATE_EXPEDITED), NAMED(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
    NAMED(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
    NAMED(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
    NAMED(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ),
    NAMED(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)};
constexpr NameTable kMembarrierNames{kMembarrierValues, "MEMBARRIER_CMD_???"};

constexpr std::array kMembarrierFlagValues{NAMED(MEMBARRIER_CMD_FLAG_CPU)};
constexpr NameTable kMembarrierFlagNames{kMembarrierFlagValues, "MEMBARRIER_CMD_FLAG_???"};

constexpr std::array kMbindValues{
    NAMED(MPOL_MF_STRICT), NAMED(MPOL_MF_MOVE), NAMED(MPOL_MF_MOVE_ALL)};
constexpr NameTable kMbindNames{kMbindValues, "MPOL_???"};

constexpr std::array kMovePagesValues{NAMED(MPOL_MF_MOVE), NAMED(MPOL_MF_MOVE_ALL)};
constexpr NameTable kMovePagesNames{kMovePagesValues, "MPOL_???"};

constexpr std::array kGetPolicyValues{
    NAMED(MPOL_F_NODE), NAMED(MPOL_F_ADDR), NAMED(MPOL_F_MEMS_ALLOWED)};
constexpr NameTable kGetPolicyNames{kGetPolicyValues, "MPOL_???"};

/// In units of 4096 bytes, whatever the page (mmap2(2)); shown in bytes.
void print_page_offset(ArgContext& c) { print_hex(c, c.value() << 12); }
constexpr ArgKind kPageOffset{print_page_offset};

constexpr CallSpec kCalls[] = {
    {"mmap", 6, kDesc | kMemory, {&kPointer, &kSize, &kLongFlags<kProtectionNames>, &kMapFlags,
      &kFd, &kHex}, result_hex},
    {"mmap2", 6, kDesc | kMemory, {&kPointer, &kSize, &kLongFlags<kProtectionNames>, &kMapFlags,
      &kFd, &kPageOffset}, result_hex},
    {"munmap", 2, kMemory, {&kPointer, &kSize}},
    {"mprotect", 3, kMemory, {&kPointer, &kSize, &kLongFlags<kProtectionNames>}},
    {"pkey_mprotect", 4, kMemory, {&kPointer, &kSize, &kLongFlags<kProtectionNames>, &kInt}},
    {"pkey_alloc", 2, 0, {&kHex, &kLongFlags<kPkeyRightsNames>}},
    {"pkey_free", 1, 0, {&kInt}},
    {"mremap", 5, kMemory, {&kPointer, &kSize, &kSize, &kLongFlags<kRemapNames>, &kRemapAddress},
      result_hex},
    {"remap_file_pages", 5, kMemory, {&kPointer, &kSize, &kLongFlags<kProtectionNames>,
      &kUnsignedLong, &kMapFlags}},
    {"brk", 1, kMemory, {&kPointer}, result_hex},
    {"madvise", 3, kMemory, {&kPointer, &kSize, &kChoice<kAdviceNames>}},
    {"process_madvise", 5, kDesc, {&kFd, &kIovecAddresses, &kUnsignedLong, &kChoice<kAdviceNames>,
      &kHex32}},
    {"process_mrelease", 2, kDesc, {&kFd, &kHex32}},
    {"msync", 3, kMemory, {&kPointer, &kSize, &kFlags<kMsyncNames>}},
    {"mincore", 3, kMemory, {&kPointer, &kSize, &kResidentPages}},
    {"mlock", 2, kMemory, {&kPointer, &kSize}},
    {"mlock2", 3, kMemory, {&kPointer, &kSize, &kFlags<kMlockNames>}},
    {"munlock", 2, kMemory, {&kPointer, &kSize}},
    {"mlockall", 1, kMemory, {&kFlags<kMlockallNames>}},
    {"munlockall", 0, kMemory, {}},
    {"mseal", 3, kMemory, {&kPointer, &kSize, &kHex}, nullptr, nullptr, 462},
    {"map_shadow_stack", 3, kMemory, {&kPointer, &kSize, &kHex32}, nullptr, nullptr, 453},
    {"membarrier", 3, 0, {&kChoice<kMembarrierNames>, &kFlags<kMembarrierFlagNames>,
      &kMembarrierCpu}, result_membarrier},
    {"process_vm_readv", 6, 0, {&kPid, &kProcessRead, &kUnsignedLong, &kIovecAddresses,
      &kUnsignedLong, &kUnsignedLong}},
    {"process_vm_writev", 6, 0, {&kPid, &kProcessWrite, &kUnsignedLong, &kIovecAddresses,
      &kUnsignedLong, &kUnsignedLong}},
    {"mbind", 6, kMemory, {&kPointer, &kSize, &kLongPolicyMode, &kNodeMask, &kUnsignedLong,
      &kFlags<kMbindNames>}},
    {"set_mempolicy", 3, kMemory, {&kPolicyMode, &kNodeMask, &kUnsignedLong}},
    {"get_mempolicy", 5, kMemory, {&kPolicyModeOut, &kNodeMaskOut, &kUnsignedLong, &kPointer,
      &kLongFlags<kGetPolicyNames>}},
    {"set_mempolicy_home_node", 4, kMemory, {&kPointer, &kSize, &kUnsignedLong, &kHex}},
    {"migrate_pages", 4, kMemory, {&kPid, &kUnsignedLong, &kNodeMaskAfterSize,
      &kNodeMaskAfterSize}},
    {"move_pages", 6, kMemory, {&kPid, &kUnsignedLong, &kPageList, &kNodeList, &kPageStatusOut,
      &kFlags<kMovePagesNames>}},
};

}  // namespace

std::span<const CallSpec> memory_calls() { return kCalls; }

}  // namespace vdsotrace
