#include "noneq/flow/observers.hpp"

namespace noneq::flow {

void observers::begins(const node_call& c) {
  for (observer* one : all_) one->begins(c);
}
void observers::ended(const node_call& c) {
  for (observer* one : all_) one->ended(c);
}
void observers::under_way(std::int64_t batches) {
  for (observer* one : all_) one->under_way(batches);
}
void observers::expects(const plan_node& n, std::int64_t batches) {
  for (observer* one : all_) one->expects(n, batches);
}
void observers::network_called(const plan_node& n) {
  for (observer* one : all_) one->network_called(n);
}
void observers::advanced(const plan_node& n, double share) {
  for (observer* one : all_) one->advanced(n, share);
}
void observers::stepped(std::int64_t step, double loss) {
  for (observer* one : all_) one->stepped(step, loss);
}
void observers::loss_found(const plan_node& n, std::int64_t step, const measured& m) {
  for (observer* one : all_) one->loss_found(n, step, m);
}
void observers::found(const plan_node& n, const event& e, const outcome& o) {
  const std::lock_guard one(finding_);
  for (observer* one : all_) one->found(n, e, o);
}
void observers::remark(const std::string& line) {
  for (observer* one : all_) one->remark(line);
}

}
