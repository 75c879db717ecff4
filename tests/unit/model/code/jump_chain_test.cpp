#include "model/code/jump_chain.hpp"

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

using Chain = std::vector<std::uint64_t>;

Chain chain(const std::vector<AddressRange>& paddings, std::size_t relays,
            const std::vector<AddressRange>& taken = {}) {
  return chain_to_padding(1000, paddings, relays, taken);
}

TEST_CASE("a near jump is led to by as few short ones as can be", "[jump_chain]") {
  CHECK(chain({{1050, 1058}}, 0) == Chain{1053});
  CHECK(chain({{1050, 1052}, {1060, 1066}}, 3) == Chain{1061});
  CHECK(chain({{1050, 1052}, {1170, 1175}}, 3) == Chain{1050, 1170});
  CHECK(chain({{1050, 1052}, {1170, 1175}}, 0).empty());
  CHECK(chain({{900, 902}, {790, 795}}, 1) == Chain{900, 790});
  CHECK(chain({{1100, 1102}, {1200, 1202}, {1300, 1302}, {1400, 1405}}, 3) == Chain{1100, 1200, 1300, 1400});
  CHECK(chain({{1100, 1102}, {1200, 1202}, {1300, 1302}, {1400, 1405}}, 2).empty());
  CHECK(chain({{1050, 1051}, {1170, 1175}}, 3).empty());
  CHECK(chain({}, 3).empty());
}

TEST_CASE("short jumps reach as far as they do", "[jump_chain]") {
  CHECK(chain({{1129, 1134}}, 0) == Chain{1129});
  CHECK(chain({{1130, 1135}}, 0).empty());
  CHECK(chain({{874, 879}}, 0) == Chain{874});
  CHECK(chain({{873, 878}}, 0).empty());
  // The part of a padding that is in reach.
  CHECK(chain({{1126, 1140}}, 0) == Chain{1129});
}

TEST_CASE("jumps do not overlap what is taken, or each other", "[jump_chain]") {
  CHECK(chain({{1050, 1058}}, 0, {{1057, 1060}}) == Chain{1052});
  CHECK(chain({{1050, 1058}}, 0, {{1054, 1055}}).empty());
  CHECK(chain({{1050, 1058}}, 3, {{1054, 1055}}).empty());
  // Its end is out of reach but for a relay in the same padding, at 1129.
  CHECK(chain({{1128, 1138}}, 1) == Chain{1129});
  CHECK(chain({{1126, 1138}}, 1, {{1130, 1131}}) == Chain{1128, 1133});
}

}  // namespace
}  // namespace vdsotrace
