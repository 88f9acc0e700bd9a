// Builds a value tree from a stream of events (a list opens, a scalar, …) as a YAML parser reports them. Events, unlike
// a finished YAML tree, have the place of a key, show a key written twice, and can be stopped before an alias bomb
// unfolds. Private to this room; independent of the parser. One builder per document, one thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "noneq/config/value.hpp"

namespace noneq::config {

class tree_builder {
 public:
  static constexpr int deepest = 64;
  static constexpr std::size_t most_values = 100'000;
  static constexpr std::size_t most_keys = 10'000;  // in one map, whose keys are searched one by one
  static constexpr std::size_t longest_key = 128;   // bytes

  // Returns the number of lists and maps within one another, at most.
  static int depth_of(const value& v);

  using anchor = std::size_t;  // 0 for none

  // `tag` is "?" for a plain scalar and "!" for a quoted one, unless one is written out.
  void null(const place& at, anchor name);
  void scalar(const place& at, const std::string& tag, anchor name, const std::string& text);
  void alias(const place& at, anchor name);
  void open_list(const place& at, const std::string& tag, anchor name);
  void open_map(const place& at, const std::string& tag, anchor name);
  void close();
  value take() { return std::move(root_); }  // after the last event

 private:
  struct open_value {  // a list or map whose end has not come yet
    value v;
    tree_builder::anchor name = 0;
    bool has_key = false, is_merge = false;  // map: the key that waits for its value
    std::string key;
    place key_at;
    std::vector<std::pair<std::size_t, value>> merges;  // values under <<, and the entry that each stands before
  };
  struct remembered {
    value v;
    std::size_t size = 0;
    int depth = 0;
  };

  bool wants_key() const { return !open_.empty() && open_.back().v.is_map() && !open_.back().has_key; }
  void count(std::size_t values, int levels, const place& at);
  void take_key(const value& v);
  void open(value v, anchor name);
  void add(value v, anchor name);
  void remember(const value& v, anchor name);

  value root_;
  std::vector<open_value> open_;
  std::map<anchor, remembered> anchors_;
  std::size_t values_ = 0;
};

}
