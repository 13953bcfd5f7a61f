#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "djm/http.hpp"
#include "djm/launcher.hpp"
#include "djm/node.hpp"
#include "tools/djmd/daemon_file.hpp"
#include "tools/djmd/failure_hook.hpp"

namespace djm::daemon {

/// The table [http] as djm::http takes it.
http_config make_http(const http_table& t);

/// A node with the jobs of a file. One thread.
class service {
public:
  /// Everything in its order: what an earlier process has left is ended first, then the node joins.
  static expected<std::unique_ptr<service>> start(daemon_file f);
  service(const service&) = delete;
  service& operator=(const service&) = delete;
  /// Commands that the node could not wait for end before this is done.
  ~service();

  /// Jobs that are new, changed or gone. The rest of the file takes effect with the next start; what has changed there
  /// is returned, and what could not be done.
  std::vector<std::string> reload(daemon_file f);

  djm::node& node() { return *node_; }

private:
  explicit service(daemon_file f) : file_(std::move(f)) {}
  expected<void> add(const std::string& name, const job_table& t);
  expected<void> begin(const std::string& name, const job_table& t);

  daemon_file file_;
  std::shared_ptr<launcher> launcher_;
  std::shared_ptr<failure_hook> on_failure_;
  std::optional<djm::node> node_;
  std::optional<http_server> http_;
};

} // namespace djm::daemon
