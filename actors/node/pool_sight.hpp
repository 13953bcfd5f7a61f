#pragma once

#include <utility>

#include "zkstore/types.hpp"

namespace djm {

/// What this node has seen last of the items of a pool, over the lives of its keepers: each of them tells what it sees
/// first, as if it were news.
class pool_sight {
public:
  /// Items have come or gone in transaction `at` last. True: since the sight before. The first one is how the pool was.
  bool is_news(store::zxid_t at) {
    const auto before = std::exchange(last_, at);
    return before != 0 && before != at;
  }

private:
  store::zxid_t last_ = 0;
};

} // namespace djm
