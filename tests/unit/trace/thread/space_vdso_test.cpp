#include "trace/thread/space_vdso.hpp"

#include <algorithm>

#include "arch/registers.hpp"
#include "model/syscalls/spec.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kMappedAt = 0x7fff'0000;

SpaceVdso vdso_of(const std::string& image, Abi abi) {
  ImageCache cache;
  return {MappedVdso{kMappedAt, saved_image(image)}, abi, cache};
}

SpaceVdso without_vdso(int error, Abi abi = Abi::x86_64) {
  ImageCache cache;
  return {tl::unexpected(Error{error, "why", {}}), abi, cache};
}

/// A stack all over which lies one return address.
class Stack final : public Memory {
 public:
  explicit Stack(std::uint64_t caller) : caller_(static_cast<std::uint32_t>(caller)) {}
  std::size_t read(std::uint64_t, std::span<std::byte> into) override {
    if (into.size() != sizeof caller_) return 0;
    std::ranges::copy(std::as_bytes(std::span(&caller_, 1)), into.begin());
    return into.size();
  }

 private:
  std::uint32_t caller_;
};

const VdsoFunction* function_of(const SpaceVdso& vdso, std::string_view name) {
  const auto functions = vdso.image()->functions();
  const auto found = std::ranges::find(functions, name, &VdsoFunction::name);
  return found != functions.end() ? &*found : nullptr;
}

}  // namespace

TEST_CASE("a process without a vDSO is known to serve the classic calls") {
  const SpaceVdso none = without_vdso(ENOENT);
  CHECK_FALSE(none.is_mapped());
  CHECK(none.is_known());
  CHECK(none.unusable().empty());
  CHECK(none.facts() == std::nullopt);
  CHECK(none.serves(Abi::x86_64, number_of(Abi::x86_64, "clock_gettime")));
  CHECK_FALSE(none.serves(Abi::x86_64, number_of(Abi::x86_64, "getrandom")));
  CHECK_FALSE(none.serves(Abi::i386, number_of(Abi::i386, "clock_gettime")));
}

TEST_CASE("of a vDSO that could not be looked for nothing is taken for served") {
  const SpaceVdso unknown = without_vdso(EACCES, Abi::i386);
  CHECK_FALSE(unknown.is_known());
  CHECK(unknown.unusable() == "why");
  CHECK(unknown.abi() == Abi::i386);
  CHECK_FALSE(unknown.serves(Abi::i386, number_of(Abi::i386, "clock_gettime")));
}

TEST_CASE("an image that cannot be taken apart is mapped and unusable") {
  ImageCache cache;
  const SpaceVdso broken(MappedVdso{kMappedAt, Bytes(4096)}, Abi::x86_64, cache);
  CHECK(broken.is_mapped());
  CHECK(broken.image() == nullptr);
  CHECK_FALSE(broken.unusable().empty());
  CHECK(broken.facts()->functions.empty());
}

TEST_CASE("an image says the ABI, whatever the process was taken for") {
  CHECK(vdso_of("6.1.0-50.i386", Abi::x86_64).abi() == Abi::i386);
  CHECK(vdso_of("6.1.0-50.x86_64", Abi::i386).abi() == Abi::x86_64);
}

TEST_CASE("processes with the same bytes share an image") {
  ImageCache cache;
  const MappedVdso mapped{kMappedAt, saved_image("6.1.0-50.x86_64")};
  CHECK(SpaceVdso(mapped, Abi::x86_64, cache).image() == SpaceVdso(mapped, Abi::x86_64, cache).image());
}

TEST_CASE("fallback sites of a vDSO lead to their functions until it is unmapped") {
  SpaceVdso vdso = vdso_of("6.1.0-50.x86_64", Abi::x86_64);
  const VdsoFunction* clock = function_of(vdso, "__vdso_clock_gettime");
  REQUIRE(clock != nullptr);
  REQUIRE_FALSE(clock->syscalls.empty());
  const CodeSite site = clock->syscalls.front();
  const std::uint64_t behind = kMappedAt + site.offset + site.length;
  CHECK(vdso.fallback_at(behind) == clock);
  CHECK(vdso.fallback_at(behind - 1) == nullptr);
  CHECK(std::ranges::count(vdso.system_call_instructions(), behind - arch::system_call_code(Abi::x86_64).size()) == 1);
  Stack stack(0);
  CHECK(vdso.maker_of(clock, behind, 0x1000, stack) == clock);  // no gate: whatever the stack says
  vdso.moved_to(kMappedAt + 0x1000);
  CHECK(vdso.fallback_at(behind) == nullptr);
  CHECK(vdso.fallback_at(behind + 0x1000) == clock);
  vdso.unmapped();
  CHECK_FALSE(vdso.is_mapped());
  CHECK(vdso.image() == nullptr);
  CHECK(vdso.fallback_at(behind + 0x1000) == nullptr);
  CHECK(vdso.system_call_instructions().empty());
}

TEST_CASE("a call through the gate of a vDSO is that of the function which called the gate") {
  const SpaceVdso vdso = vdso_of("6.1.0-50.i386", Abi::i386);
  const VdsoFunction* gate = function_of(vdso, "__kernel_vsyscall");
  const VdsoFunction* clock = function_of(vdso, "__vdso_clock_gettime");
  REQUIRE(gate != nullptr);
  REQUIRE(clock != nullptr);
  REQUIRE_FALSE(gate->syscalls.empty());
  const CodeSite site = gate->syscalls.back();
  const std::uint64_t behind = kMappedAt + site.offset + site.length;
  Stack in_vdso(kMappedAt + clock->entry + 1), in_gate(kMappedAt + gate->entry), elsewhere(0x1000);
  CHECK(vdso.maker_of(clock, behind, 0x2000, in_vdso) == clock);
  CHECK(vdso.maker_of(clock, behind, 0x2000, in_gate) == nullptr);
  CHECK(vdso.maker_of(clock, behind, 0x2000, elsewhere) == nullptr);
  CHECK(vdso.maker_of(nullptr, behind, 0x2000, in_vdso) == nullptr);
}
