#include "tools/djm/order_talk.hpp"

#include <istream>
#include <ostream>

#include "tools/djm/print.hpp"

namespace djm::tool {

namespace {

/// Of the record, before and after; empty: the order was not about one.
std::string rev_of(const order_result& r) {
  if (r.rev == 0) {
    return {};
  }
  return r.changed ? " rev " + std::to_string(r.rev - 1) + " -> " + std::to_string(r.rev)
                   : ": rev " + std::to_string(r.rev);
}

} // namespace

order_mode mode_of(const invocation& x) {
  return x.has("--dry-run") ? order_mode::dry_run : order_mode::write;
}

exit_code tell(invocation& x, const expected<order_result>& result) {
  if (!result) {
    return x.fail(result.error());
  }
  if (print_json(x, *result)) {
    return exit_code::fine;
  }
  auto& out = x.io().out;
  if (!result->changed) {
    out << "nothing to change" << rev_of(*result) << '\n';
    return exit_code::fine;
  }
  for (const auto& change : result->changes) {
    out << (x.has("--dry-run") ? "would " : "") << printable(change) << '\n';
  }
  if (result->rev > 0) {
    out << "record" << rev_of(*result) << '\n';
  }
  return exit_code::fine;
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
