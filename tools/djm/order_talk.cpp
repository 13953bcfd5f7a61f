#include "tools/djm/order_talk.hpp"

#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>
#include <string_view>

#include "tools/djm/print.hpp"

namespace djm::tool {

namespace {

/// Of what the order was about, before and after.
std::string rev_of(const order_result& r) {
  const auto now = std::to_string(r.rev);
  return r.changed ? std::to_string(r.rev - 1) + " -> " + now : now;
}

} // namespace

order_mode mode_of(const invocation& x) {
  return x.has("--dry-run") ? order_mode::dry_run : order_mode::write;
}

exit_code tell(invocation& x, const expected<order_result>& result, const char* counts) {
  if (!result) {
    return x.fail(result.error());
  }
  if (print_json(x, *result)) {
    return exit_code::fine;
  }
  auto& out = x.io().out;
  if (!result->changed) {
    const std::string_view text{counts};
    out << "nothing to change";
    if (result->rev > 0) {
      out << ": " << text.substr(text.rfind(' ') + 1) << ' ' << rev_of(*result);
    }
    out << '\n';
    return exit_code::fine;
  }
  for (const auto& change : result->changes) {
    out << (x.has("--dry-run") ? "would " : "") << printable(change) << '\n';
  }
  if (result->rev > 0) {
    out << counts << ' ' << rev_of(*result) << '\n';
  }
  return exit_code::fine;
}

expected<std::string> content_of(invocation& x, const std::string& file) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file, std::ios::binary);
    if (!opened) {
      return djm::fail(errc::invalid_config, "the file \"" + file + "\" cannot be read");
    }
  }
  auto& in = file == "-" ? x.io().in : opened;
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

bool confirmed(invocation& x, const std::string& question, exit_code& code) {
  if (x.has("--yes") || x.has("--dry-run")) {
    return true;
  }
  auto& io = x.io();
  if (!io.can_ask) {
    code = x.fail(exit_code::usage, "it needs --yes where nobody can be asked");
    return false;
  }
  io.err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(io.in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") {
    return true;
  }
  code = x.fail(exit_code::refused, "not confirmed: nothing was changed");
  return false;
}

} // namespace djm::tool
