// Catch2 3 where it is installed, else Catch2 2.13, spelt alike.
#pragma once

#ifdef VDSOTRACE_CATCH2_V2
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>

using Catch::Approx;
using Catch::Generators::range;
#endif
