#include "actors/manager/model/model_desk.hpp"

#include <utility>

namespace djm {

using store::rc;

void model_desk::planned(step s, manager_effects& out) {
  jobs_ = hash_of_jobs(known_.image(), plan_.kept_back());
  plan_waits_ = true;
  if (!look(s, out)) {
    go_on(s, out);
  }
}

bool model_desk::start(step s, manager_effects& out) {
  const bool again = again_at_ && s.now >= *again_at_;
  if (jobs_.empty() || (!again && seen_records_ == records_.marks().changes())) {
    return false;
  }
  return look(s, out);
}

void model_desk::give_up() {
  plan_waits_ = false;
  known_here_ = false;
  again_at_.reset();
  jobs_.clear(); // there will be another plan
}

/// False: it is as it is noted down.
bool model_desk::look(step s, manager_effects& out) {
  again_at_.reset();
  if (!known_here_) {
    read_batch ask;
    const auto node = ask.get(store_.tree().model());
    store_.read(activity::read_model, ask, true, out, this, &model_desk::apply, node);
    return true;
  }
  seen_records_ = records_.marks().changes();
  auto now = model_of(jobs_, records_.marks());
  if (differences(noted_ ? &*noted_ : nullptr, now).empty()) {
    return false;
  }
  tell(now, out);
  write(std::move(now), s, out);
  return true;
}

void model_desk::apply(const read_slot& node, step s, manager_effects& out) {
  const auto path = store_.tree().model();
  known_here_ = true;
  version_ = node->code == rc::ok ? std::optional{node->stat.version} : std::nullopt;
  data_ = node->code == rc::ok ? node->data : std::string{};
  auto found = store::read_payload<store::model_payload>(*node, path);
  store_.judge(found, path, out); // one that makes no sense is written anew
  noted_ = std::move(found.value);
  if (!look(s, out)) {
    go_on(s, out);
  }
}

/// Each change once in a term, however often it has to be written.
void model_desk::tell(const store::model_payload& now, manager_effects& out) {
  const auto* before = told_ ? &*told_ : noted_ ? &*noted_ : nullptr;
  if (auto what = differences(before, now); !what.empty()) {
    out.push_back(emit_effect{model_changed{std::move(what), store_.mine().epoch}});
  }
  told_ = now;
}

void model_desk::write(store::model_payload now, step s, manager_effects& out) {
  now.epoch = store_.mine().epoch;
  now.changed_at_ms = s.wall_ms;
  const auto path = store_.tree().model();
  auto data = store::encode(now, data_);
  txn_builder<std::monostate> txn;
  txn.add(store::check_op{store_.mine().latch});
  if (version_) {
    txn.add(store::set_op{path, std::move(data), *version_});
  } else {
    txn.add(store::create_op{path, std::move(data)});
  }
  store_.commit(activity::write_model, std::move(txn), out, this, &model_desk::written, std::move(now));
}

void model_desk::written(const store::model_payload& now, const txn_outcome<std::monostate>& o, step s,
                         manager_effects& out) {
  if (o.committed()) {
    version_ = version_ ? *version_ + 1 : 0;
    noted_ = now;
    data_ = store::encode(now, data_);
    store_.relieve(store_.tree().model(), out);
    store_.works(effort::noting, out);
  } else {
    known_here_ = false;
    again_at_ = s.now + life_.cfg.backoff_max;
    store_.failing(effort::noting,
                   o.rejected() != nullptr   ? o.rejected()->why.text
                   : o.conflict() != nullptr ? "somebody else has changed " + store_.tree().model()
                                             : "its outcome is not known",
                   s.now, out);
  }
  go_on(s, out);
}

void model_desk::go_on(step s, manager_effects& out) {
  if (std::exchange(plan_waits_, false)) {
    writer_.start(s.now, out);
  }
}

} // namespace djm
