#include "cli/commands/report_output.hpp"

namespace vdsotrace::cli {

void declare_report_output(CLI::App& app, std::string& file) {
  app.add_option("-o,--output", file, "Write to FILE, or to standard output (-), as without -o")->type_name("FILE");
}

bool is_standard_output(const std::string& file) { return file.empty() || file == "-"; }

Result<std::shared_ptr<Output>> open_report(const std::string& file) {
  return is_standard_output(file) ? Output::standard_output() : Output::file(file, false);
}

}  // namespace vdsotrace::cli
