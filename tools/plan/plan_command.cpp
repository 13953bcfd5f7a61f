#include "tools/plan/plan_command.hpp"

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

#include "djm/plan_explain.hpp"
#include "tools/plan/plan_file.hpp"

namespace djm::tool {

namespace {

constexpr const char* usage =
  "usage: djm plan FILE.json [--table] [--no-timing] [--strict] [--explain JOB ITEM]\n"
  "  Plans the problem in FILE.json (\"-\": standard input) and writes the plan as JSON.\n"
  "  --table            for people\n"
  "  --no-timing        without elapsed_us, so that the output depends on the file alone\n"
  "  --strict           workers and items in \"previous\" that are not listed are errors\n"
  "  --explain JOB ITEM why the item is where it is, and what speaks against every other worker\n";

struct command_line {
  std::string file;
  bool table = false;
  bool timing = true;
  gone previous = gone::allowed;
  std::optional<item_ref> explain;
};

std::optional<command_line> parse(const std::vector<std::string>& arguments) {
  command_line result;
  for (std::size_t k = 0; k < arguments.size(); ++k) {
    const auto& a = arguments[k];
    if (a == "--table") {
      result.table = true;
    } else if (a == "--no-timing") {
      result.timing = false;
    } else if (a == "--strict") {
      result.previous = gone::refused;
    } else if (a == "--explain" && k + 2 < arguments.size()) {
      result.explain = item_ref{job_id{arguments[k + 1]}, item_id{arguments[k + 2]}};
      k += 2;
    } else if (result.file.empty() && (a == "-" || a.empty() || a[0] != '-')) {
      result.file = a;
    } else {
      return std::nullopt;
    }
  }
  if (result.file.empty()) {
    return std::nullopt;
  }
  return result;
}

std::optional<std::string> read_all(const std::string& file) {
  if (file == "-") {
    return std::string{std::istreambuf_iterator<char>{std::cin}, {}};
  }
  std::ifstream in{file, std::ios::binary};
  if (!in) {
    return std::nullopt;
  }
  std::string result{std::istreambuf_iterator<char>{in}, {}};
  if (in.bad()) {
    return std::nullopt;
  }
  return result;
}

} // namespace

int plan_command(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  const auto line = parse(arguments);
  if (!line) {
    err << usage;
    return 1;
  }
  const auto text = read_all(line->file);
  if (!text) {
    err << "djm plan: " << line->file << ": cannot be read\n";
    return 2;
  }
  const strategy_registry registry;
  const auto request = read_plan_request(*text, registry, line->previous);
  if (!request) {
    err << "djm plan: " << line->file << ": " << request.error().text << "\n";
    return 2;
  }
  for (const auto& warning : request->warnings) {
    err << "djm plan: warning: " << warning << "\n";
  }
  const auto start = std::chrono::steady_clock::now();
  const auto planned = make_plan(request->problem, registry, request->options);
  const auto elapsed = std::chrono::steady_clock::now() - start;
  if (!planned || !planned->failures.empty()) {
    err << "djm plan: " << to_string(planned ? planned->failures.front().what : planned.error()) << "\n";
    return 3;
  }
  if (line->explain) {
    const auto item = request->problem.find_item(line->explain->job, line->explain->item);
    if (!item) {
      err << "djm plan: item \"" << line->explain->item << "\" of job \"" << line->explain->job
          << "\" is not in the file\n";
      return 1;
    }
    out << to_text(request->problem, explain(request->problem, registry, request->options, *planned, *item));
    return 0;
  }
  const auto us =
    line->timing ? std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count() : std::int64_t{-1};
  out << (line->table ? plan_to_table(request->problem, *planned, us) : plan_to_json(request->problem, *planned, us));
  return 0;
}

} // namespace djm::tool
