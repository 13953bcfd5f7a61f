#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Reads the project's own text files and offers what the rules need: lines, includes, code without comments.
namespace tidy {

/// Path relative to the project's root, with '/', to the whole text.
using source_tree = std::map<std::string, std::string>;

/// "path:line: text", or "path: text" for line 0.
using complaints = std::vector<std::string>;

struct include_line {
  int line = 0;
  std::string target;
};

/// Every file of the project's folders and top level whose kind the rules know; build output is left out.
source_tree read_project(const std::string& root);

/// One path per line, absolute below `root` or relative; object files, generated files and what is not below `root` are
/// left out.
std::vector<std::string> read_path_list(const std::string& file, const std::string& root);

bool is_cpp(std::string_view path);
bool is_header(std::string_view path);
bool starts_with(std::string_view text, std::string_view prefix);
bool ends_with(std::string_view text, std::string_view suffix);

std::vector<std::string_view> lines_of(std::string_view text);

/// The same number of lines, with comments, string and character literals blanked out. Include lines keep their names.
std::string code_of(std::string_view text);

std::vector<include_line> includes_of(std::string_view text);

/// The project file that `target`, included by `from`, means; empty for a system header.
std::string resolve(const source_tree& tree, const std::string& from, const std::string& target);

/// `from` and every project file it includes, directly or not.
std::vector<std::string> files_reached(const source_tree& tree, const std::string& from);

/// Whether an include names the system header `header`, or one below it when `header` ends with a slash.
bool is_header_of(std::string_view target, std::string_view header);

/// The way from `from` to the first include that names `header`: the files in order, the header last. Empty when there
/// is none.
std::vector<std::string> way_to(const source_tree& tree, const std::string& from, std::string_view header);

std::string complaint(const std::string& path, int line, const std::string& text);

/// One complaint per line, for the message of a failed check.
std::string to_text(const complaints& all);

} // namespace tidy
