#include "djm/test/cluster_node.hpp"

#include "djm/test/ask.hpp"
#include "testkit/cluster_impl.hpp"

namespace djm::test {

actor_access::actor_access(cluster& c) : cluster_(c) {
  c.impl_->may_pass_time("a request to a node");
}

caf::actor_system& actor_access::system() {
  return cluster_.impl_->sim->system();
}

expected<node_actor> actor_access::node(const node_id& id) {
  const auto& x = cluster_.impl_->life_of(id);
  if (x.p->paused()) {
    return fail(errc::invalid_state, "node \"" + id + "\" is paused and answers nothing");
  }
  if (!x.node) {
    return fail(errc::shutting_down, "node \"" + id + "\" is " + to_string(cluster_.impl_->state_of(id)));
  }
  return x.node;
}

node_state cluster_node::state() const {
  return cluster_->state(id_);
}

expected<void> cluster_node::register_job(job_definition d) {
  const auto job = d.spec.id;
  auto answer = test::ask(*cluster_, id_, djm::register_job{std::move(d.spec), std::move(d.code)});
  if (answer) {
    cluster_->impl_->note_given(id_, job);
  }
  return answer;
}

expected<void> cluster_node::register_job(const job_builder& builder) {
  auto d = builder.build();
  return d ? register_job(std::move(*d)) : tl::make_unexpected(d.error());
}

expected<void> cluster_node::unregister_job(const job_id& job) {
  cluster_->impl_->note_taken(id_, job);
  return test::ask(*cluster_, id_, djm::unregister_job{job});
}

expected<void> cluster_node::enable_job(const job_id& job) {
  return test::ask(*cluster_, id_, switch_job{job, true});
}

expected<void> cluster_node::disable_job(const job_id& job) {
  return test::ask(*cluster_, id_, switch_job{job, false});
}

expected<void> cluster_node::enable_all() {
  return test::ask(*cluster_, id_, switch_all{true});
}

expected<void> cluster_node::disable_all() {
  return test::ask(*cluster_, id_, switch_all{false});
}

expected<void> cluster_node::delete_job(const job_id& job) {
  return test::ask(*cluster_, id_, djm::delete_job{job});
}

expected<std::int64_t> cluster_node::update_job(const job_id& job, user_config overrides,
                                                std::optional<std::int64_t> rev) {
  return test::ask(*cluster_, id_, djm::update_job{job, std::move(overrides), false, rev});
}

expected<std::int64_t> cluster_node::configure_job(const job_id& job, user_config config,
                                                   std::optional<std::int64_t> rev) {
  return test::ask(*cluster_, id_, djm::configure_job{job, std::move(config), rev});
}

expected<std::int64_t> cluster_node::pause_job(const job_id& job) {
  return test::ask(*cluster_, id_, djm::pause_job{job});
}

expected<std::int64_t> cluster_node::resume_job(const job_id& job) {
  return test::ask(*cluster_, id_, djm::resume_job{job});
}

expected<std::int64_t> cluster_node::prepare_again(const job_id& job) {
  return test::ask(*cluster_, id_, djm::prepare_again{job});
}

expected<std::int64_t> cluster_node::remove_job(const job_id& job) {
  return test::ask(*cluster_, id_, djm::remove_job{job});
}

expected<djm::item_state> cluster_node::item_state(const job_id& job, const item_id& item) {
  return test::ask(*cluster_, id_, djm::get_item_state{job, item});
}

expected<djm::item_state> cluster_node::set_item_state(const job_id& job, const item_id& item,
                                                       std::optional<bytes> state,
                                                       std::optional<std::int64_t> version) {
  return test::ask(*cluster_, id_, djm::set_item_state{job, item, std::move(state), version});
}

expected<std::int64_t> cluster_node::trigger_job(const job_id& job, std::string request) {
  return test::ask(*cluster_, id_, djm::trigger_job{job, std::move(request)});
}

expected<std::uint64_t> cluster_node::trigger_here(const job_id& job) {
  return test::ask(*cluster_, id_, djm::trigger_here{job});
}

expected<void> cluster_node::reschedule(const job_id& job, schedule s) {
  return test::ask(*cluster_, id_, reschedule_job{job, s});
}

expected<void> cluster_node::cancel(const job_id& job, run_id run) {
  return test::ask(*cluster_, id_, cancel_run{job, run});
}

expected<void> cluster_node::release(const job_id& job, const item_id& item) {
  return test::ask(*cluster_, id_, release_item{job, item});
}

expected<void> cluster_node::resume(const job_id& job) {
  return test::ask(*cluster_, id_, resume_here{job});
}

expected<item_answer> cluster_node::ask(const job_id& job, const item_id& item, bytes question,
                                        any_duration timeout) const {
  return test::ask(*cluster_, id_, ask_item{job, item, std::move(question), timeout});
}

expected<run_history> cluster_node::history(const get_history& which) const {
  return test::ask(*cluster_, id_, which);
}

expected<void> cluster_node::drain(const node_id& worker) {
  return test::ask(*cluster_, id_, mark_worker{worker, true, {}});
}

expected<void> cluster_node::undrain(const node_id& worker) {
  return test::ask(*cluster_, id_, mark_worker{worker, false, {}});
}

expected<void> cluster_node::cordon(const node_id& worker) {
  return test::ask(*cluster_, id_, mark_worker{worker, {}, true});
}

expected<void> cluster_node::uncordon(const node_id& worker) {
  return test::ask(*cluster_, id_, mark_worker{worker, {}, false});
}

expected<node_status> cluster_node::status() const {
  return test::ask(*cluster_, id_, get_status{});
}

expected<cluster_view> cluster_node::view() const {
  return test::ask(*cluster_, id_, get_cluster{});
}

expected<runner_status> cluster_node::job(const job_id& id) const {
  return test::ask(*cluster_, id_, get_job{id});
}

expected<item_explanation> cluster_node::explain(const job_id& job, const item_id& item) const {
  return test::ask(*cluster_, id_, explain_item{job, item});
}

} // namespace djm::test
