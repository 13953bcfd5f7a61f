#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/client/order_core.hpp"
#include "test/sim/order_place.hpp"
#include "zkstore/embedded/embedded_ensemble.hpp"

namespace djm::sim {

/// Holds what somebody outside of the cluster is told of his orders against the committed history:
///
/// - one that is told as done stood in the tree at some moment between its beginning and the answer, and where the
///   answer names a transaction it is his;
/// - one that is told as refused, or as standing already, has changed nothing, and never does; nor does a dry run;
/// - one whose outcome is unknown may be either;
/// - whatever an order changes, a version node tells of it in the same transaction, and what others have written in the
///   same place stays as it was.
///
/// Knows nothing of how orders are decided. Orders are told apart by the names that their transactions carry.
class order_truth {
public:
  using say = std::function<void(std::string text)>;

  explicit order_truth(say f, const std::string& root = "/djm") : say_(std::move(f)), place_(root) {}

  /// Names that nobody else's transactions carry.
  static std::string name_of(std::uint32_t life, std::uint64_t order);

  /// What this session commits is his.
  void own(store::session_id_t session) { sessions_.insert(session); }
  void begins(const std::string& name, order_core::order what, order_mode mode);
  void answered(const expected<order_result>& result);
  /// Nobody waits for the order any more, and nobody is told anything.
  void given_up() { current_ = nullptr; }
  void committed(const store::committed_transaction& txn);
  /// Of the job's record, as it is; 0: there is none.
  std::int64_t rev_of(const job_id& job) const { return place_.rev_of(job, nodes_); }
  /// The store was put back to this: of what goes on from before only the answers are judged.
  void history_begins(const store::znode_tree& tree);

  struct counts {
    std::uint64_t done = 0, standing = 0, dry = 0, refused = 0, unknown = 0, written = 0, written_unknown = 0;
  };
  const counts& counted() const { return counts_; }

private:
  enum class told : std::uint8_t { nothing, done, refused, unknown };
  struct entry {
    std::string name;
    order_core::order what;
    order_mode mode = order_mode::write;
    /// Since it began: it stood, or what it is about was not there.
    bool stood = false, missed = false;
    /// It began in another history.
    bool former = false;
    std::uint32_t writes = 0;
    store::zxid_t latest = 0;
    told answer = told::nothing;
  };
  using contents = order_place::contents;

  void look();
  void apply(const store::node_change& change);
  entry* author(const store::committed_transaction& txn);
  void wrote(entry& e, const store::committed_transaction& txn, const contents& before);
  void check_rest(const entry& e, const store::committed_transaction& txn, const contents& before);
  void check_done(const entry& e, const order_result& r);

  say say_;
  order_place place_;
  std::set<store::session_id_t> sessions_;
  std::map<std::string, entry> orders_;
  entry* current_ = nullptr;
  contents nodes_; ///< what orders may be about
  counts counts_;
};

} // namespace djm::sim
