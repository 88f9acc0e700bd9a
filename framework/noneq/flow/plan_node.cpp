#include "noneq/flow/plan_node.hpp"

#include <fmt/format.h>

#include "noneq/core/any_exception.hpp"
#include "noneq/flow/divergence.hpp"
#include "noneq/plugin/roles/metric.hpp"
#include "noneq/plugin/roles/sampler.hpp"

namespace noneq::flow {

bool plan_node::reads(std::string_view tensor) const {
  const auto& all = plugin.entry->reads;
  return std::any_of(all.begin(), all.end(), [&](const named_tensor_doc& t) { return t.name == tensor; });
}

bool plan_node::verifies() const {
  return role() == "metric" && dynamic_cast<const verification*>(plugin.made.get()) != nullptr;
}

std::int64_t members_of(const plan_node& sampler) {
  return std::max<std::int64_t>(1, sampler.as<noneq::sampler>().members);
}

bool plan_node::stands_in(const std::string& other) const {
  return std::any_of(in.begin(), in.end(), [&](const plan_edge& e) { return e.from == other; });
}

error at_node(const plan_node& n, const std::exception& e) {
  if (const auto* known = dynamic_cast<const error*>(&e)) {
    const std::string first = known->subject().substr(0, known->subject().find_first_of(".["));
    const bool of_parameter = first != n.id && (first == "in" || n.plugin.entry->find(first) != nullptr);
    return (of_parameter ? known->within(n.id) : *known).at(n.where, n.id);
  }
  return error(text_of(e), n.id, n.where);
}

error at_node(const plan_node& n, const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& known) {
    return at_node(n, known);
  } catch (...) {
    return error(fmt::format("{} {}", n.plugin.entry->full_name(), text_of(e)), n.id, n.where);
  }
}

void fail_at(const plan_node& n, const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const interrupted&) {
    throw;
  } catch (const input_error&) {
    throw;
  } catch (const diverged&) {  // has its node, and a type that callers catch
    throw;
  } catch (...) {
    throw at_node(n, e);
  }
}

void refuse_at(const plan_node& n, const std::exception_ptr& e) {
  std::vector<error> all;
  try {
    std::rethrow_exception(e);
  } catch (const interrupted&) {
    throw;
  } catch (const input_error& many) {
    for (const error& each : many.problems()) all.push_back(at_node(n, each));
  } catch (...) {
    all.push_back(at_node(n, e));
  }
  throw input_error(std::move(all));
}

}
