// What ioctl requests of userfaultfd(2) take and fill (ioctl_userfaultfd(2)).
#include <linux/ioctl.h>
#include <linux/userfaultfd.h>

#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

// Literals for what has come after Linux 5.7.
constexpr NamedValue kFeatureNames[] = {
    NAMED(UFFD_FEATURE_PAGEFAULT_FLAG_WP), NAMED(UFFD_FEATURE_EVENT_FORK), NAMED(UFFD_FEATURE_EVENT_REMAP),
    NAMED(UFFD_FEATURE_EVENT_REMOVE), NAMED(UFFD_FEATURE_MISSING_HUGETLBFS), NAMED(UFFD_FEATURE_MISSING_SHMEM),
    NAMED(UFFD_FEATURE_EVENT_UNMAP), NAMED(UFFD_FEATURE_SIGBUS), NAMED(UFFD_FEATURE_THREAD_ID),
    {0x200, "UFFD_FEATURE_MINOR_HUGETLBFS"}, {0x400, "UFFD_FEATURE_MINOR_SHMEM"},
    {0x800, "UFFD_FEATURE_EXACT_ADDRESS"}, {0x1000, "UFFD_FEATURE_WP_HUGETLBFS_SHMEM"}};
const NameTable kFeatures{kFeatureNames, "UFFD_FEATURE_???"};

constexpr NamedValue kRequestNames[] = {
    {0x00, "_UFFDIO_REGISTER"}, {0x01, "_UFFDIO_UNREGISTER"}, {0x02, "_UFFDIO_WAKE"}, {0x03, "_UFFDIO_COPY"},
    {0x04, "_UFFDIO_ZEROPAGE"}, {0x06, "_UFFDIO_WRITEPROTECT"}, {0x07, "_UFFDIO_CONTINUE"}, {0x3f, "_UFFDIO_API"}};
const NameTable kRequests{kRequestNames, "_UFFDIO_???"};

constexpr NamedValue kRegisterNames[] = {
    {1, "UFFDIO_REGISTER_MODE_MISSING"}, {2, "UFFDIO_REGISTER_MODE_WP"}, {4, "UFFDIO_REGISTER_MODE_MINOR"}};
const NameTable kRegisterModes{kRegisterNames, "UFFDIO_REGISTER_MODE_???"};
constexpr NamedValue kCopyNames[] = {{1, "UFFDIO_COPY_MODE_DONTWAKE"}, {2, "UFFDIO_COPY_MODE_WP"}};
const NameTable kCopyModes{kCopyNames, "UFFDIO_COPY_MODE_???"};
constexpr NamedValue kZeroNames[] = {{1, "UFFDIO_ZEROPAGE_MODE_DONTWAKE"}};
const NameTable kZeroModes{kZeroNames, "UFFDIO_ZEROPAGE_MODE_???"};
constexpr NamedValue kProtectNames[] = {{1, "UFFDIO_WRITEPROTECT_MODE_WP"}, {2, "UFFDIO_WRITEPROTECT_MODE_DONTWAKE"}};
const NameTable kProtectModes{kProtectNames, "UFFDIO_WRITEPROTECT_MODE_???"};
constexpr NamedValue kContinueNames[] = {{1, "UFFDIO_CONTINUE_MODE_DONTWAKE"}};
const NameTable kContinueModes{kContinueNames, "UFFDIO_CONTINUE_MODE_???"};

constexpr Kind kRequestBits = shifted(8, kRequests);

constexpr Field kApiFields[] = {{"api", 0, kHexWide}, {"features", 8, flags(8, kFeatures)}};
constexpr Field kApiFilled[] = {{"features", 8, flags(8, kFeatures)}, {"ioctls", 16, kRequestBits}};
constexpr Structure kApiAnswer{24, 24, kApiFilled};
constexpr Structure kApi{24, 24, kApiFields};

constexpr Field kRangeFields[] = {{"start", 0, kHexWide}, {"len", 8, kHexWide}};
constexpr Structure kRange{16, 16, kRangeFields};
constexpr Kind kRangeKind = structure(kRange);

constexpr Field kRegisterFields[] = {{"range", 0, kRangeKind}, {"mode", 16, flags(8, kRegisterModes)}};
constexpr Field kRegisterFilled[] = {{"ioctls", 24, kRequestBits}};
constexpr Structure kRegisterAnswer{32, 32, kRegisterFilled};
constexpr Structure kRegister{32, 32, kRegisterFields};

constexpr Field kCopyFields[] = {{"dst", 0, kHexWide}, {"src", 8, kHexWide},
                                 {"len", 16, kHexWide}, {"mode", 24, flags(8, kCopyModes)}};
constexpr Field kCopyFilled[] = {{"copy", 32, kHexWide}};
constexpr Structure kCopyAnswer{40, 40, kCopyFilled};
constexpr Structure kCopy{40, 40, kCopyFields};

constexpr Field kZeroFields[] = {{"range", 0, kRangeKind}, {"mode", 16, flags(8, kZeroModes)}};
constexpr Field kZeroFilled[] = {{"zeropage", 24, kHexWide}};
constexpr Structure kZeroAnswer{32, 32, kZeroFilled};
constexpr Structure kZero{32, 32, kZeroFields};

constexpr Field kProtectFields[] = {{"range", 0, kRangeKind}, {"mode", 16, flags(8, kProtectModes)}};
constexpr Structure kProtect{24, 24, kProtectFields};

constexpr Field kContinueFields[] = {{"range", 0, kRangeKind}, {"mode", 16, flags(8, kContinueModes)}};
constexpr Field kContinueFilled[] = {{"mapped", 24, kHexWide}};
constexpr Structure kContinueAnswer{32, 32, kContinueFilled};
constexpr Structure kContinue{32, 32, kContinueFields};

constexpr std::uint32_t kContinueRequest = 0xc020aa07;  // UFFDIO_CONTINUE, since Linux 5.13

constexpr IoctlShape kMemoryShapes[] = {
    {UFFDIO_API, Way::in_out, structure(kApi), &kApiAnswer, " => "},
    {UFFDIO_REGISTER, Way::in_out, structure(kRegister), &kRegisterAnswer},
    {UFFDIO_UNREGISTER, Way::in, kRangeKind},
    {UFFDIO_WAKE, Way::in, kRangeKind},
    {UFFDIO_COPY, Way::in_out, structure(kCopy), &kCopyAnswer},
    {UFFDIO_ZEROPAGE, Way::in_out, structure(kZero), &kZeroAnswer},
    {UFFDIO_WRITEPROTECT, Way::in, structure(kProtect)},
    {kContinueRequest, Way::in_out, structure(kContinue), &kContinueAnswer},
};

}  // namespace

std::span<const IoctlShape> memory_shapes() { return kMemoryShapes; }

}  // namespace vdsotrace::ioctl
