#pragma once

#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "port_client.hpp"
#include "test/unit/client/tree_faults.hpp"
#include "tools/djm/command_line.hpp"

namespace djm::test {

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct told {
  int code = 0;
  std::string out;
  std::string err;
};

/// The tool on the store of this process, with a tree that is made by hand: no node is alive unless it is said.
class tool_rig {
public:
  static constexpr std::int64_t now_ms = 1'800'000'000'000;

  tool_rig();

  /// With the store and the root of this rig.
  told run(std::vector<std::string> arguments);
  /// As it is typed.
  told run_bare(std::vector<std::string> arguments);

  void put(const std::string& path, const std::string& data = {});
  void erase(const std::string& path);
  bool has(const std::string& path);
  std::string data(const std::string& path);
  tree_hands hands();

  /// Registered, and alive as long as this rig; what it tells of its address may be anything.
  void enlist(const node_id& worker, const std::vector<job_id>& jobs, bool alive = true,
              const std::string& http_url = {});
  void add_job(const job_id& job, const std::vector<item_id>& items, const std::string& strategy = {});
  /// Its record, as the first node that registers it writes it.
  void add_record(const job_spec& spec);
  void assign(const node_id& worker, const job_id& job, const std::vector<item_id>& items);
  void lock(const node_id& worker, const job_id& job, const item_id& item);
  /// The first candidate leads.
  void stand(const node_id& worker);

  // -- what is around the tool --
  bool terminal = false;
  std::size_t columns = 0;
  bool can_ask = false;
  std::string typed;
  std::map<std::string, std::string> environment;
  /// Looks of `--watch`; `between` is called before each but the first.
  int looks = 3;
  std::function<void(int)> between;

private:
  std::shared_ptr<store::session_factory> sessions_;
  std::unique_ptr<port_client> session_;
};

} // namespace djm::test
