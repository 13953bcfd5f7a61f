#include "zkstore/tree/records.hpp"

#include <algorithm>

namespace djm::store {

presence presence_of(const read_result& r) {
  if (r.code != rc::ok) {
    return presence::absent;
  }
  return held_by_session(r) ? presence::held : presence::impostor;
}

worker_reads::worker_reads(const tree_schema& tree, node_id who, read_batch& ask)
  : id(std::move(who)),
    registration(ask.get(tree.worker(id))),
    available(ask.children(tree.available(id))),
    assigned(ask.get(tree.assigned(id))),
    folders(ask.children(tree.assigned(id))) {}

worker_record worker_reads::take(const tree_schema& tree) const {
  worker_record w;
  w.id = id;
  w.code = registration->code;
  w.stat = registration->stat;
  w.registration = read_payload<worker_payload>(*registration, tree.worker(id));
  if (w.registration.value) {
    w.former_mark = decode<mark_payload>(registration->data, {}).value_or(mark_payload{});
  }
  w.available = to_ids<job_id>(available->children);
  w.assigned_code = assigned->code;
  w.assigned = read_payload<assigned_payload>(*assigned, tree.assigned(id));
  w.folders = to_ids<job_id>(folders->children);
  return w;
}

alive_record read_alive(const read_result& r, const std::string& path) {
  alive_record a{r.code, presence_of(r), {}};
  if (a.shown == presence::held) {
    a.life = read_payload<alive_payload>(r, path);
  }
  return a;
}

job_reads::job_reads(const tree_schema& tree, job_id which, bool watch, read_batch& ask)
  : id(std::move(which)), pool(ask.get(tree.pool(id), watch)), items(ask.children(tree.pool(id), watch)) {}

job_record job_reads::take(const tree_schema& tree) const {
  job_record j;
  j.id = id;
  const bool hidden = pool->code == rc::no_auth || items->code == rc::no_auth;
  j.code = hidden ? rc::no_auth : pool->code != rc::ok ? pool->code : items->code;
  j.pool = read_payload<pool_payload>(*pool, tree.pool(id));
  j.items = to_ids<item_id>(items->children);
  j.watched = pool->watched && items->watched;
  return j;
}

bool job_reads::has_items(const std::vector<item_id>& sorted) const {
  return std::equal(sorted.begin(), sorted.end(), items->children.begin(), items->children.end());
}

} // namespace djm::store
