// What the images of other kernels hold, read off `objdump -d`, `readelf` and nothing
// of ours: see tests/support/vdso_images/README.md.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::Bytes;
using testing::parse_or_throw;
using testing::saved_image;
using Offsets = std::vector<std::uint32_t>;

struct ExpectedFunction {
  std::uint32_t entry;
  std::string names;
  std::size_t instructions;
  Offsets returns;
  Offsets syscalls;
  Offsets clock_reads;
  Offsets helpers;
  std::string incomplete;  ///< how the reason begins
};
struct ExpectedImage {
  std::string file;
  Machine machine;
  std::string build_id;
  std::uint32_t size;                       ///< of the file, which ends with its section headers
  std::vector<ExpectedFunction> functions;  ///< all but the i386 signal trampolines
};

// clang-format off
const std::vector<ExpectedImage>& expected_images() {
  static const std::vector<ExpectedImage> images{
        {"5.10.0-32.x86_64",
         Machine::x86_64,
         "506081ad09751b1ff3ea7320c7b2ad20a0769727",
         0x1130,
         {
          {0x720, "__vdso_gettimeofday gettimeofday", 108, {0x7db}, {0x7fa}, {0x655, 0x690, 0x6c8}, {0x650}, ""},
          {0x8d0, "__vdso_time time", 9, {0x8f8}, {}, {}, {}, ""},
          {0x900, "__vdso_clock_gettime clock_gettime", 181, {0x9c3, 0x9da}, {0x9cf}, {0x655, 0x690, 0x6c8}, {0x650}, ""},
          {0xb70, "__vdso_clock_getres clock_getres", 27, {0xbbc, 0xbcc, 0xbcf}, {0xbca}, {}, {}, ""},
          {0xbd0, "__vdso_getcpu getcpu", 14, {0xbf4}, {}, {}, {}, ""},
         }},
        {"6.1.0-50.x86_64",
         Machine::x86_64,
         "704e99b53cb5fd1fe918d8a31d2bcdefdaedc78d",
         0x1228,
         {
          {0x780, "__vdso_gettimeofday gettimeofday", 107, {0x83b}, {0x88c}, {0x6b5, 0x6f2, 0x72c}, {0x6b0}, ""},
          {0x930, "__vdso_time time", 9, {0x958}, {}, {}, {}, ""},
          {0x960, "__vdso_clock_gettime clock_gettime", 172, {0xa1b, 0xa2f}, {0xa27}, {0x6b5, 0x6f2, 0x72c}, {0x6b0}, ""},
          {0xbc0, "__vdso_clock_getres clock_getres", 25, {0xc0c, 0xc1d}, {0xc1b}, {}, {}, ""},
          {0xc20, "__vdso_getcpu getcpu", 14, {0xc44}, {}, {}, {}, ""},
          {0xc50, "__vdso_sgx_enter_enclave", 43, {0xca3}, {}, {}, {}, "indirect call"},
         }},
        {"6.12.107+deb13.x86_64",
         Machine::x86_64,
         "a861192adc68e1f51d8808163f9b666e892d5606",
         0x1c18,
         {
          {0x8a0, "__vdso_gettimeofday gettimeofday", 190, {0x97b}, {0x9da}, {0x7b7, 0x7f5, 0x83b, 0x8e6, 0xa49}, {0x7a0, 0x7f0}, ""},
          {0xb90, "__vdso_time time", 10, {0xbbc}, {}, {}, {}, ""},
          {0xbc0, "__vdso_clock_gettime clock_gettime", 253, {0xc8f, 0xcb0}, {0xca6}, {0x7b7, 0x7f5, 0x83b, 0xc16, 0xd9b}, {0x7a0, 0x7f0}, ""},
          {0xf70, "__vdso_clock_getres clock_getres", 26, {0xfc0, 0xfd1}, {0xfcf}, {}, {}, ""},
          {0xfe0, "__vdso_getcpu getcpu", 15, {0x1008}, {}, {}, {}, ""},
          {0x1020, "__vdso_getrandom getrandom", 230, {0x11b9, 0x12d1}, {0x12c1, 0x1306}, {}, {0x13e0}, ""},
          {0x1560, "__vdso_sgx_enter_enclave", 44, {0x15b7}, {}, {}, {}, "indirect call"},
         }},
        {"6.18.15+deb13.x86_64",
         Machine::x86_64,
         "e3d8bf56fbe4bb52af33f252a76069350c1cc530",
         0x1b80,
         {
          {0x870, "__vdso_gettimeofday gettimeofday", 182, {0x94c}, {0x9ac}, {0x7b7, 0x80b, 0x8b7, 0xa0a}, {0x7a0, 0x7f0}, ""},
          {0xb50, "__vdso_time time", 10, {0xb7c}, {}, {}, {}, ""},
          {0xb80, "__vdso_clock_gettime clock_gettime", 248, {0xc4b, 0xc6a}, {0xc60}, {0x7b7, 0x80b, 0xbd3, 0xd87}, {0x7a0, 0x7f0}, ""},
          {0xf20, "__vdso_clock_getres clock_getres", 30, {0xf6d, 0xf8f}, {0xf8d}, {}, {}, ""},
          {0xfa0, "__vdso_getcpu getcpu", 15, {0xfc9}, {}, {}, {}, ""},
          {0xfe0, "__vdso_getrandom getrandom", 221, {0x1165, 0x126c}, {0x125c, 0x1288}, {}, {0x1370}, ""},
          {0x14f0, "__vdso_sgx_enter_enclave", 43, {0x1543}, {}, {}, {}, "indirect call"},
         }},
        {"7.3.4+deb13.x86_64",
         Machine::x86_64,
         "8932854865c6edbb036fdf5ab7ea98c6b0e743b1",
         0x1c80,
         {
          {0x9b0, "__vdso_gettimeofday gettimeofday", 178, {0xa82}, {0xae2}, {0x8f7, 0x94b, 0x9ee, 0xb40}, {0x8e0, 0x930}, ""},
          {0xc80, "__vdso_time time", 9, {0xca8}, {}, {}, {}, ""},
          {0xcb0, "__vdso_clock_gettime clock_gettime", 239, {0xd74, 0xd96}, {0xd8c}, {0x8f7, 0x94b, 0xcfb, 0xe98}, {0x8e0, 0x930}, ""},
          {0x1020, "__vdso_clock_getres clock_getres", 30, {0x1069, 0x108e}, {0x108c}, {}, {}, ""},
          {0x1090, "__vdso_getcpu getcpu", 14, {0x10b5}, {}, {}, {}, ""},
          {0x10c0, "__vdso_getrandom getrandom", 221, {0x1241, 0x134c}, {0x133c, 0x1368}, {}, {0x1450}, ""},
          {0x15d0, "__vdso_sgx_enter_enclave", 43, {0x1623}, {}, {}, {}, "indirect call"},
          {0x1670, "__vdso_futex_robust_list64_try_unlock", 6, {0x167d}, {}, {}, {}, ""},
          {0x1680, "__vdso_futex_robust_list32_try_unlock", 6, {0x168c}, {}, {}, {}, ""},
         }},
        {"6.1.0-50.x32",
         Machine::x32,
         "a2069cbe4bf6a18a4af9b5cfb0f9db5406489e54",
         0xe74,
         {
          {0x550, "__vdso_gettimeofday", 107, {0x60b}, {0x65c}, {0x485, 0x4c2, 0x4fc}, {0x480}, ""},
          {0x700, "__vdso_time", 9, {0x728}, {}, {}, {}, ""},
          {0x730, "__vdso_clock_gettime", 172, {0x7eb, 0x7ff}, {0x7f7}, {0x485, 0x4c2, 0x4fc}, {0x480}, ""},
          {0x990, "__vdso_clock_getres", 25, {0x9dc, 0x9ed}, {0x9eb}, {}, {}, ""},
          {0x9f0, "__vdso_getcpu", 14, {0xa14}, {}, {}, {}, ""},
         }},
        {"6.12.117+deb13.x32",
         Machine::x32,
         "4c1a77d773b75867e1c665d378b4943a9b27cf2b",
         0x17fc,
         {
          {0x620, "__vdso_gettimeofday", 190, {0x6fb}, {0x75a}, {0x537, 0x575, 0x5bb, 0x666, 0x7c9}, {0x520, 0x570}, ""},
          {0x910, "__vdso_time", 10, {0x93c}, {}, {}, {}, ""},
          {0x940, "__vdso_clock_gettime", 253, {0xa0f, 0xa30}, {0xa26}, {0x537, 0x575, 0x5bb, 0x996, 0xb1b}, {0x520, 0x570}, ""},
          {0xcf0, "__vdso_clock_getres", 26, {0xd40, 0xd51}, {0xd4f}, {}, {}, ""},
          {0xd60, "__vdso_getcpu", 15, {0xd88}, {}, {}, {}, ""},
         }},
        {"7.3.4+deb13.x32",
         Machine::x32,
         "ee36ad9e432d7040f361dedfeea79a6bf23f54ff",
         0x1808,
         {
          {0x6d0, "__vdso_gettimeofday", 178, {0x7a2}, {0x802}, {0x617, 0x66b, 0x70e, 0x860}, {0x600, 0x650}, ""},
          {0x9a0, "__vdso_time", 9, {0x9c8}, {}, {}, {}, ""},
          {0x9d0, "__vdso_clock_gettime", 239, {0xa94, 0xab6}, {0xaac}, {0x617, 0x66b, 0xa1b, 0xbb8}, {0x600, 0x650}, ""},
          {0xd40, "__vdso_clock_getres", 30, {0xd89, 0xdae}, {0xdac}, {}, {}, ""},
          {0xdb0, "__vdso_getcpu", 14, {0xdd5}, {}, {}, {}, ""},
          {0x1390, "__vdso_futex_robust_list64_try_unlock", 6, {0x139d}, {}, {}, {}, ""},
          {0x13a0, "__vdso_futex_robust_list32_try_unlock", 6, {0x13ac}, {}, {}, {}, ""},
         }},
        {"5.10.0-32.i386",
         Machine::i386,
         "1fb6d0bf845819d4067b7e35c9f9cd793df84b95",
         0x15b4,
         {
          {0x550, "__kernel_vsyscall", 12, {0x55c}, {0x557}, {}, {}, ""},
          {0x730, "__vdso_gettimeofday", 193, {0x856}, {0x557}, {0x5a9, 0x5f9, 0x6a3}, {0x550, 0x590, 0x11b4, 0x11b8}, ""},
          {0x9a0, "__vdso_time", 19, {0x9db}, {}, {}, {0x11ac}, ""},
          {0x9e0, "__vdso_clock_gettime", 302, {0xb01, 0xb1d}, {0x557}, {0x5a9, 0x5f9, 0x6a3}, {0x550, 0x590, 0x11b0, 0x11b4}, ""},
          {0xd70, "__vdso_clock_gettime64", 320, {0xe98, 0xeb4}, {0x557}, {0x5a9, 0x5f9, 0x6a3}, {0x550, 0x590, 0x11ac, 0x11b4}, ""},
          {0x1130, "__vdso_clock_getres", 43, {0x118d, 0x11ab}, {0x557}, {}, {0x550, 0x11ac}, ""},
         }},
        {"6.1.0-50.i386",
         Machine::i386,
         "993a972b1c1dec7c7fc4e9c5d477b1a0785f6ee5",
         0x1940,
         {
          {0x550, "__kernel_vsyscall", 12, {0x55c}, {0x557}, {}, {}, ""},
          {0x780, "__vdso_gettimeofday", 259, {0x8b3}, {0x557}, {0x5ca, 0x6a9, 0x6f2, 0x7cd, 0x93e}, {0x550, 0x590, 0x690, 0x1482, 0x1486}, ""},
          {0xac0, "__vdso_time", 19, {0xafb}, {}, {}, {0x147e}, ""},
          {0xb00, "__vdso_clock_gettime", 370, {0xc2c, 0xc57}, {0x557}, {0x5ca, 0x6a9, 0x6f2, 0xb65, 0xd1f}, {0x550, 0x590, 0x690, 0x147e, 0x1482}, ""},
          {0xf70, "__vdso_clock_gettime64", 386, {0x10a4, 0x10cf}, {0x557}, {0x5ca, 0x6a9, 0x6f2, 0xfd4, 0x119f}, {0x550, 0x590, 0x690, 0x147e, 0x1482}, ""},
          {0x1400, "__vdso_clock_getres", 43, {0x145d, 0x147c}, {0x557}, {}, {0x550, 0x147e}, ""},
         }},
        {"6.12.107+deb13.i386",
         Machine::i386,
         "58435972c2bfa74acdcb118fe50c2d06bd930fb8",
         0x1e3c,
         {
          {0x580, "__kernel_vsyscall", 12, {0x58c}, {0x587}, {}, {}, ""},
          {0x770, "__vdso_gettimeofday", 401, {0x8c2}, {0x587}, {0x5ed, 0x6ba, 0x7c2, 0xa5a}, {0x580, 0x5c0, 0x680, 0x1932, 0x1936}, ""},
          {0xc70, "__vdso_time", 20, {0xcaf}, {}, {}, {0x1932}, ""},
          {0xcc0, "__vdso_clock_gettime", 472, {0xdfe, 0xe2d}, {0x587}, {0x5ed, 0x6ba, 0xd27, 0xfea}, {0x580, 0x5c0, 0x680, 0x1936, 0x193a}, ""},
          {0x1280, "__vdso_clock_gettime64", 510, {0x13c5, 0x13f4}, {0x587}, {0x5ed, 0x6ba, 0x12e5, 0x15c6}, {0x580, 0x5c0, 0x680, 0x1932, 0x1936}, ""},
          {0x18b0, "__vdso_clock_getres", 44, {0x1911, 0x1930}, {0x587}, {}, {0x580, 0x1932}, ""},
          {0x1940, "__vdso_getcpu", 22, {0x1974}, {}, {}, {}, ""},
         }},
        {"6.18.15+deb13.i386",
         Machine::i386,
         "c7d029ae6061b20858ea6f8a59074b0897b984ca",
         0x1e9c,
         {
          {0x580, "__kernel_vsyscall", 12, {0x58c}, {0x587}, {}, {}, ""},
          {0x770, "__vdso_gettimeofday", 404, {0x8c6}, {0x587}, {0x5ed, 0x6ba, 0x7c6, 0xa67}, {0x580, 0x5c0, 0x680, 0x1990, 0x1994}, ""},
          {0xca0, "__vdso_time", 20, {0xcdf}, {}, {}, {0x1990}, ""},
          {0xcf0, "__vdso_clock_gettime", 479, {0xe30, 0xe5f}, {0x587}, {0x5ed, 0x6ba, 0xd59, 0x102a}, {0x580, 0x5c0, 0x680, 0x1990, 0x1994}, ""},
          {0x12d0, "__vdso_clock_gettime64", 508, {0x1418, 0x1447}, {0x587}, {0x5ed, 0x6ba, 0x1338, 0x161f}, {0x580, 0x5c0, 0x680, 0x1990, 0x1994}, ""},
          {0x1900, "__vdso_clock_getres", 48, {0x195e, 0x198e}, {0x587}, {}, {0x580, 0x1990}, ""},
          {0x19a0, "__vdso_getcpu", 22, {0x19d4}, {}, {}, {}, ""},
         }},
        {"7.3.4+deb13.i386",
         Machine::i386,
         "141aaec53b480bca1380f795a25341be5471a2bd",
         0x22dc,
         {
          {0xa40, "__vdso_gettimeofday", 402, {0xb8d}, {0xc05}, {0x8bd, 0x98a, 0xa8b, 0xd3a}, {0x890, 0x950, 0x1d07, 0x1d0b}, ""},
          {0xf70, "__vdso_time", 19, {0xfab}, {}, {}, {0x1d07}, ""},
          {0xfb0, "__vdso_clock_gettime", 490, {0x10e6, 0x1111}, {0x1105}, {0x8bd, 0x98a, 0x100e, 0x12d0}, {0x890, 0x950, 0x1d07, 0x1d0b}, ""},
          {0x15a0, "__vdso_clock_getres", 41, {0x15f8, 0x1625}, {0x161c}, {}, {0x1d07}, ""},
          {0x1630, "__vdso_clock_gettime64", 512, {0x176d, 0x1798}, {0x178c}, {0x8bd, 0x98a, 0x168e, 0x1969}, {0x890, 0x950, 0x1d07, 0x1d0b}, ""},
          {0x1c70, "__vdso_clock_getres_time64", 46, {0x1cd4, 0x1d05}, {0x1cfc}, {}, {0x1d07}, ""},
          {0x1d10, "__vdso_getcpu", 21, {0x1d40}, {}, {}, {}, ""},
          {0x1d50, "__kernel_vsyscall", 2, {0x1d52}, {0x1d50}, {}, {}, ""},
          {0x1da0, "__vdso_futex_robust_list32_try_unlock", 13, {0x1dbb}, {}, {}, {}, ""},
         }},
  };
  return images;
}
// clang-format on

Offsets offsets_of(const std::vector<CodeSite>& sites) {
  Offsets offsets;
  for (const CodeSite& site : sites) offsets.push_back(site.offset);
  return offsets;
}

TEST_CASE("saved images hold what objdump shows", "[vdso]") {
  for (const ExpectedImage& expected : expected_images()) {
    INFO(expected.file);
    const Bytes bytes = saved_image(expected.file);
    const VdsoImage image = parse_or_throw(bytes);
    CHECK(image.machine() == expected.machine);
    CHECK(image.build_id() == expected.build_id);
    CHECK(image.unused_from() == expected.size);
    std::size_t trampolines = 0;
    for (const VdsoFunction& function : image.functions()) {
      trampolines += function.name().ends_with("sigreturn");
    }
    CHECK(image.functions().size() == expected.functions.size() + trampolines);
    for (const ExpectedFunction& row : expected.functions) {
      INFO(row.names);
      const VdsoFunction* function = image.function_at(row.entry);
      REQUIRE(function != nullptr);
      CHECK(fmt::format("{}", fmt::join(function->names, " ")) == row.names);
      CHECK(function->instructions.size() == row.instructions);
      CHECK(offsets_of(function->returns) == row.returns);
      CHECK(offsets_of(function->syscalls) == row.syscalls);
      CHECK(offsets_of(function->clock_reads) == row.clock_reads);
      CHECK(function->helpers == row.helpers);
      CHECK(function->incomplete.starts_with(row.incomplete));
      CHECK(function->incomplete.empty() == row.incomplete.empty());
    }
  }
}

TEST_CASE("sites have the length of their instruction", "[vdso]") {
  const VdsoImage image = parse_or_throw(saved_image("7.3.4+deb13.i386"));
  const VdsoFunction* function = image.function_named("__vdso_clock_getres");
  REQUIRE(function != nullptr);
  // ds ds ds int 0x80: room for the call that a boot may patch in.
  REQUIRE(function->syscalls.size() == 1);
  CHECK(function->syscalls[0].length == 5);
  for (const CodeSite& site : function->returns) CHECK(site.length == 1);
  for (const CodeSite& site : image.function_named("__vdso_clock_gettime")->clock_reads) {
    CHECK(site.length == 2);
  }
}

TEST_CASE("every complete function of a saved image is whole", "[vdso]") {
  for (const ExpectedImage& expected : expected_images()) {
    INFO(expected.file);
    const VdsoImage image = parse_or_throw(saved_image(expected.file));
    for (const VdsoFunction& function : image.functions()) {
      INFO(function.name());
      const auto starts = offsets_of(function.instructions);
      const auto is_start = [&](std::uint32_t offset) {
        return std::binary_search(starts.begin(), starts.end(), offset);
      };
      CHECK(is_start(function.entry));
      CHECK(std::all_of(function.branch_targets.begin(), function.branch_targets.end(), is_start));
      for (const CodeSite& site : function.returns) CHECK(is_start(site.offset));
    }
  }
}

TEST_CASE("an image for another processor is listed, not followed", "[vdso]") {
  const VdsoImage image = parse_or_throw(saved_image("6.1.0-50.aarch64"));
  CHECK(image.machine() == Machine::aarch64);
  CHECK(image.build_id() == "372bd6704e20cf921e014d72fff9208ec8443231");
  std::vector<std::string> names;
  for (const VdsoFunction& function : image.functions()) {
    names.emplace_back(function.name());
    CHECK(function.incomplete == "code of machine aarch64 cannot be followed");
    CHECK(function.instructions.empty());
  }
  CHECK(names == std::vector<std::string>{"__kernel_clock_gettime", "__kernel_gettimeofday", "__kernel_clock_getres",
                                          "__kernel_rt_sigreturn"});
}

TEST_CASE("a riscv64 image is listed, not followed", "[vdso]") {
  const VdsoImage image = parse_or_throw(saved_image("7.2.13+deb14.riscv64"));
  CHECK(image.machine() == Machine::riscv64);
  std::vector<std::string> names;
  for (const VdsoFunction& function : image.functions()) {
    names.emplace_back(function.name());
    CHECK(function.incomplete == "code of machine riscv64 cannot be followed");
    CHECK(function.instructions.empty());
  }
  CHECK(names == std::vector<std::string>{"__vdso_rt_sigreturn", "__vdso_clock_gettime", "__vdso_gettimeofday",
                                          "__vdso_clock_getres", "__vdso_getcpu", "__vdso_flush_icache",
                                          "__vdso_riscv_hwprobe", "__vdso_getrandom"});
}

}  // namespace
}  // namespace vdsotrace
