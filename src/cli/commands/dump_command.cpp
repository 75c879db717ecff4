#include "cli/commands/dump_command.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

#include "cli/commands/report_output.hpp"
#include "cli/options/command_line.hpp"
#include "cli/options/help.hpp"
#include "model/code/disassembly.hpp"
#include "model/vdso/symbols.hpp"
#include "os/memory/vdso_mapping.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace::cli {
namespace {

constexpr HelpPage kDumpHelp{
    "usage: vdsotrace dump [OPTIONS] [-p PID | -- PROGRAM [ARG...]]\n"
    "\n"
    "Writes the vDSO of vdsotrace, of process PID or of PROGRAM as an ELF file, or\n"
    "shows what is in it. PROGRAM is stopped before its first instruction.\n",
    {},
    "Options",
    "\n"
    "Examples:\n"
    "  vdsotrace dump -o vdso.so\n"
    "  vdsotrace dump --disassemble=clock_gettime\n"
    "\n"
    "See man vdsotrace for more.\n"};

/// Stands for every function; no symbol has that name.
constexpr std::string_view kEveryFunction = "*";

struct DumpOptions {
  std::string pid;
  std::string output;
  bool symbols = false;
  std::string disassemble;  ///< a function's name or kEveryFunction; empty: not asked for
  bool help = false;
  std::vector<std::string> program;

  bool as_text() const { return symbols || !disassemble.empty(); }
};

void declare(CLI::App& app, DumpOptions& o) {
  app.set_help_flag();
  app.add_flag("-h,--help", o.help, "Show this help and exit");
  app.add_option("-p", o.pid, "The vDSO of process PID")->type_name("PID");
  declare_report_output(app, o.output);
  app.add_flag("--symbols", o.symbols, "List the dynamic symbols, as objdump -T does");
  app.add_flag(fmt::format("--disassemble{{{}}}", kEveryFunction), o.disassemble,
               "Print annotated code; --disassemble=FUNCTION: of one function");
}

Result<void> check(const DumpOptions& o) {
  if (o.symbols && !o.disassemble.empty()) return fail("--symbols and --disassemble exclude each other");
  if (!o.pid.empty() && !o.program.empty()) return fail("-p and a program exclude each other");
  return {};
}

Result<std::vector<std::byte>> read_bytes(const DumpOptions& o) {
  const auto bytes = [](MappedVdso&& vdso) { return std::move(vdso.bytes); };
  if (!o.program.empty()) return read_vdso_of(o.program).map(bytes);
  if (o.pid.empty()) return read_own_vdso().map(bytes);
  return parse_pid(o.pid).and_then(read_vdso).map(bytes);
}

Result<std::string> text_for(const DumpOptions& o, const std::vector<std::byte>& bytes) {
  if (!o.as_text()) return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto image = VdsoImage::parse(bytes);
  if (!image) return tl::unexpected(image.error());
  if (o.symbols) return symbols_text(*image, "[vdso]");
  return disassemble(*image, o.disassemble == kEveryFunction ? std::string_view() : o.disassemble)
      .map([](const auto& functions) { return text_of(functions); });
}

/// To standard output, or to a file: one that exists stays as it is if there is nothing to write.
Result<void> dump(const DumpOptions& o) {
  if (auto fine = check(o); !fine) return fine;
  if (!o.as_text() && is_standard_output(o.output) && Output::standard_output()->is_terminal())
    return fail("standard output: an ELF image is not for a terminal", "add -o FILE, --symbols or --disassemble");
  const auto text = read_bytes(o).and_then([&](const auto& bytes) { return text_for(o, bytes); });
  if (!text) return tl::unexpected(text.error());
  auto output = open_report(o.output);
  if (!output) return tl::unexpected(output.error());
  (*output)->write(*text);
  return (*output)->close();
}

}  // namespace

std::vector<OptionRow> dump_options() {
  DumpOptions unused;
  CLI::App app;
  declare(app, unused);
  return rows_of(app);
}

Result<int> run_dump(const std::vector<std::string>& arguments) {
  DumpOptions options;
  CLI::App app;
  declare(app, options);
  auto words = parse_operands(app, arguments, "dump");
  if (!words) return tl::unexpected(words.error());
  options.program = std::move(words->program);
  if (options.help) return print_help(app, kDumpHelp);
  if (auto done = dump(options); !done) return tl::unexpected(done.error());
  return EXIT_SUCCESS;
}

}  // namespace vdsotrace::cli
