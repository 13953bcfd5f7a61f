#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace wordcount {

/// The journal all nodes share: one line per start and end of an item, and one per record that was refused. It is the
/// example of how a fencing token protects an external effect: an append happens under a file lock, and a record whose
/// token is older than the highest seen for its item is refused, whoever writes it and however late.
///
///   <ms since epoch> <node> <incarnation> start|end|refused <item> <token> <words>
class journal {
public:
  /// The file is created when missing; `<path>.tokens` beside it remembers the highest token of each item.
  explicit journal(std::string path);

  /// False: refused, because a newer holder has written before. Throws std::system_error when the file cannot be
  /// written: the run fails and is tried again.
  bool append(const std::string& node, const std::string& incarnation, const char* what, const std::string& item,
              std::int64_t token, std::uint64_t words);

private:
  std::string path_;
};

} // namespace wordcount
