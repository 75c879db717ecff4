#include "output/json_document.hpp"

namespace vdsotrace {

Json json_document(std::string_view type, const DocumentHead& head, const Json& body) {
  Json document{{"type", type},
                {"schema", kSchema},
                {"version", head.version},
                {"host", json_text(head.host)},
                {"time", head.time}};
  document.update(body);
  return document;
}

}  // namespace vdsotrace
