#include "actors/node/node_jobs.hpp"

#include <string>
#include <utility>

#include "actors/deployer/deployer_shell.hpp"
#include "actors/node/admission.hpp"
#include "actors/node/record_orders.hpp"

namespace djm {

namespace {

/// Nothing is refused for it: the node that leads may know the strategy although this one does not.
void warn_of_strategy(node_ptr self, const job_spec& spec) {
  const auto& known = *self->state().parts.strategies;
  const auto& name = spec.attributes.strategy;
  if (name.empty() || known.find(name) != nullptr) {
    return;
  }
  std::string names;
  for (const auto& x : known.names()) {
    names += (names.empty() ? "" : ", ") + x;
  }
  publish(self, problem{"node",
                        {errc::unknown_strategy, "job \"" + spec.id + "\" names the strategy \"" + name +
                                                   "\", which this node does not know: while it leads, items of the "
                                                   "job get no worker; known are " +
                                                   names},
                        about_job(planner_strategy, spec.id)});
}

} // namespace

std::optional<error> add_job(node_ptr self, register_job& m, std::int64_t submitted) {
  auto& st = self->state();
  const auto& id = m.spec.id;
  if (st.life->is_stopping()) {
    return stopping_error(st);
  }
  if (auto ok = check_admission(m.spec, st.identity.config); !ok) {
    return ok.error();
  }
  if (!m.code) {
    return error{errc::invalid_config, "job \"" + id + "\" has no code"};
  }
  if (st.jobs.count(id) > 0) {
    return error{errc::duplicate_job,
                 "job \"" + id + "\" is registered on node \"" + st.identity.config.id + "\" already" +
                   (st.life->is_leaving(id) ? " and on its way out; unregister_job is answered when it is free" : "")};
  }
  auto table = table_of(m.spec.schedule, *st.parts.env);
  if (!table) {
    return error{table.error().code, "job \"" + id + "\": schedule: " + table.error().text};
  }
  const auto job = id;
  warn_of_strategy(self, m.spec);
  auto activity = std::make_shared<job_activity>();
  auto code = guard(st.parts.env, job, std::move(m.code), activity,
                    [weak = caf::weak_actor_ptr{self->ctrl()}, job] { post_to<node_impl>(weak, job_gone{job}); });
  st.jobs.emplace(
    job, job_entry{
           std::move(m.spec), {}, *std::move(table), std::move(code), std::move(activity), {}, {}, {}, {}, submitted});
  carry_out(self, st.life->add_job(job));
  return std::nullopt;
}

void deploy(node_ptr self, const deploy_job& m) {
  auto& st = self->state();
  const auto answer = [&](const job_id& job, std::string why) {
    self->mail(msg::deployed{job, m.number, std::move(why)}).send(st.now->deployer);
  };
  auto& made = **m.what;
  const auto id = made.spec.id;
  if (const auto j = st.jobs.find(id); j != st.jobs.end() && j->second.submitted == m.number) {
    return answer(id, {}); // a deployer that was made anew
  }
  register_job order{made.spec, std::move(made.code)};
  const auto refused = add_job(self, order, m.number);
  if (refused) {
    made.code = std::move(order.code); // the deployer lets go of it, on a thread for user code
  }
  answer(id, refused ? to_string(*refused) : std::string{});
}

void undeploy(node_ptr self, const job_id& job) {
  auto& st = self->state();
  const auto j = st.jobs.find(job);
  if (j == st.jobs.end() || j->second.submitted == 0) {
    self->mail(msg::undeployed{job}).send(st.now->deployer);
    return;
  }
  end_job(self, job, "its submission is gone");
}

deployer_actor start_deployer(node_ptr self) {
  const auto& st = self->state();
  auto s = deployer_settings(st.identity);
  s.kinds = known_kinds(*st.parts.kinds);
  for (const auto& [id, j] : st.jobs) {
    if (j.submitted != 0) {
      s.deployed.emplace(id, j.submitted);
    }
  }
  return spawn_deployer(self->system(), st.parts.env, std::move(s), st.parts.kinds);
}

} // namespace djm
