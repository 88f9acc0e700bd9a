#include "noneq/flow/plan_node.hpp"

#include <fmt/format.h>

#include "noneq/config/keys.hpp"
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

// Returns the first name of a subject such as "time.first" or "ema[1]".
static std::string first_name(const std::string& subject) { return subject.substr(0, subject.find_first_of(".[")); }

error at_parameter(const plan_node& n, const error& e) {
  if (!e.subject().starts_with(n.id + ".") || e.where().str() != n.where.str()) return e;
  const config::value& at = config::nearest_at(n.written, e.subject().substr(n.id.size() + 1));
  return &at == &n.written ? e : error(e.message(), e.subject(), at.where());
}

// Returns where the file stands that a message begins with, among the parameters of the node; the place of the node
// where it is none of them.
static place place_of_file(const plan_node& n, const std::string& message) {
  for (const parameter& p : n.plugin.entry->parameters) {
    const config::value* files = holds_paths(p) ? n.written.find(p.name) : nullptr;
    if (files == nullptr) continue;
    const auto begins = [&](const config::value& file) { return message.starts_with(file.text() + ":"); };
    if (files->is_scalar() && begins(*files)) return files->where();
    for (const config::value& file : files->items())
      if (file.is_scalar() && begins(file)) return file.where();
  }
  return n.where;
}

error at_node(const plan_node& n, const std::exception& e) {
  if (const auto* known = dynamic_cast<const error*>(&e)) {
    const std::string first = first_name(known->subject());
    const bool of_parameter = first != n.id && (first == "in" || n.plugin.entry->find(first) != nullptr);
    return at_parameter(n, (of_parameter ? known->within(n.id) : *known)
                               .at(known->subject().empty() ? place_of_file(n, known->message()) : n.where, n.id));
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

// Returns the problems of bad input, each at the node where it has no place of its own.
static input_error input_at(const plan_node& n, const input_error& many) {
  std::vector<error> all;
  for (const error& each : many.problems()) all.push_back(at_node(n, each));
  return input_error(std::move(all));
}

void fail_at(const plan_node& n, const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const interrupted&) {
    throw;
  } catch (const input_error& many) {
    throw input_at(n, many);
  } catch (const diverged&) {  // has its node, and a type that callers catch
    throw;
  } catch (...) {
    throw at_node(n, e);
  }
}

void refuse_at(const plan_node& n, const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const interrupted&) {
    throw;
  } catch (const input_error& many) {
    throw input_at(n, many);
  } catch (...) {
    throw input_error({at_node(n, e)});
  }
}

}
