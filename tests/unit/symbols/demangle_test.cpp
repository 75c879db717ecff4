#include "symbols/demangle.hpp"

#include "support/catch.hpp"
#include "symbols/runtimes.hpp"

namespace vdsotrace {

TEST_CASE("names of C++ are demangled") {
  CHECK(demangled("_ZNSt6chrono3_V212steady_clock3nowEv") == "std::chrono::_V2::steady_clock::now()");
  CHECK(demangled("_ZN3app9by_chronoEi.constprop.0") == "app::by_chrono(int) [clone .constprop.0]");
  CHECK(demangled("main") == "main");
  CHECK(demangled("") == "");
  CHECK(demangled("_Z") == "_Z");
  CHECK(demangled("_ZN") == "_ZN");
  CHECK(demangled("_Znot a name") == "_Znot a name");
  // No name: a type.
  CHECK(demangled("i") == "i");
}

TEST_CASE("names of Rust are demangled without their hash") {
  CHECK(demangled("_ZN3std4time7Instant3now17h0123456789abcdefE") == "std::time::Instant::now");
  CHECK(demangled("_ZN4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE") == "main::{{closure}}");
  CHECK(demangled("_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE") ==
        "<alloc::string::String as core::fmt::Debug>::fmt");
  // Hashes of C++ functions that only look so stay.
  CHECK(demangled("_ZN3app18h0123456789abcdeg1E") == "app::h0123456789abcdeg1");
  CHECK(demangled("_ZN99999999999999999999a17h0123456789abcdefE") == "_ZN99999999999999999999a17h0123456789abcdefE");
  CHECK(demangled("_ZN17h0123456789abcdefE") == "");
}

TEST_CASE("the crate is read from names of Rust's newer scheme") {
  CHECK(rust_crate("_RNvMNtNtNtNtCsjrHSEGnQ3l9_3std3sys3pal4unix4timeNtB2_8Timespec3now") == "std");
  CHECK(rust_crate("_RNvNtCs1234_7mycrate3foo3bar") == "mycrate");
  CHECK(rust_crate("_RINvNtCsjr_4core3ptr13drop_in_placeNtCs1_7mycrate1TEB4_") == "core");
  CHECK(rust_crate("_RNvXs_NtCs1_7mycrate3fooNtB4_1TNtNtCs2_4core3fmt5Debug3fmt") == "mycrate");
  CHECK(rust_crate("_RNvC6_123foo3bar") == "123foo");
  for (const auto* name : {"", "_R", "_RN", "_RNv", "_RC", "_RCs", "_RCs_", "_RC99abc", "_RC99999999999999999999a",
                           "_RY", "main", "_ZN3std3nowE"}) {
    CAPTURE(name);
    CHECK(rust_crate(name).empty());
  }
  CHECK(runtime_part("/bin/app", "_RNvMNtCsjrHSEGnQ3l9_3std4timeNtB2_7Instant3now") == RuntimePart::library);
  CHECK(runtime_part("/bin/app", "_RNvCs1234_3app4main") == RuntimePart::none);
}

TEST_CASE("a name that would grow without bounds stays as it is") {
  std::string name = "_Z1fSt4pairIiiE";
  const std::string digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const char digit : digits) name += std::string("S_IS") + digit + "_S" + digit + "_E";
  CHECK(demangled(name) == name);
  CHECK(demangled("_Z" + std::string(5000, '1')).size() == 5002);
}

TEST_CASE("parts of language runtimes are known by their files and names") {
  const auto is = [](const char* file, const char* symbol) { return runtime_part(file, symbol); };
  for (const char* file :
       {"/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", "/usr/lib/jvm/java-17/lib/server/libjvm.so", "libuv.so.1",
        "/usr/lib/libpython3.11.so.1.0", "libcoreclr.so", "libc++.so.1", "/usr/lib/libglib-2.0.so.0"}) {
    CAPTURE(file);
    CHECK(is(file, "") == RuntimePart::library);
  }
  CHECK(is("/bin/app", "std::chrono::_V2::steady_clock::now()") == RuntimePart::library);
  CHECK(is("/bin/app", "std::time::Instant::now") == RuntimePart::library);
  CHECK(is("/bin/app", "time.now") == RuntimePart::library);
  CHECK(is("/bin/app", "runtime.nanotime1.abi0") == RuntimePart::library);
  CHECK(is("/usr/bin/python3.11", "_PyTime_GetSystemClockWithInfo") == RuntimePart::library);
  CHECK(is("/usr/bin/python3.11", "main") == RuntimePart::interpreter);
  for (const char* symbol : {"main", "main.work", "app::std::f()", "timeout", "my_uv_loop", ""}) {
    CAPTURE(symbol);
    CHECK(is("/bin/app", symbol) == RuntimePart::none);
  }
  CHECK(is("/usr/bin/nodely", "main") == RuntimePart::none);
  CHECK(is("", "") == RuntimePart::none);
}

TEST_CASE("more runtimes are known by patterns") {
  add_runtimes({"libclock.so*", "util::*"});
  CHECK(runtime_part("/opt/libclock.so.2", "") == RuntimePart::library);
  CHECK(runtime_part("/bin/app", "util::now()") == RuntimePart::library);
  CHECK(runtime_part("/bin/app", "main") == RuntimePart::none);
  add_runtimes({});
  CHECK(runtime_part("/bin/app", "util::now()") == RuntimePart::none);
}

}  // namespace vdsotrace
