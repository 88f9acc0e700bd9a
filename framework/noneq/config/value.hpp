// A YAML tree of the project's own, in which every value has the place it was written at, so that any error about it,
// however late, can name file:line:col. Built by parse_file, or by code with empty places.
// A value type: copies are deep. Reading is thread-safe, changing is not.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "noneq/core/error.hpp"

namespace noneq::config {

class value {
 public:
  enum class kind { null, scalar, list, map };
  using entry = std::pair<std::string, value>;

  value() = default;  // null
  static value null() { return {}; }
  // A scalar is never null: unquoted text that YAML would read as null ("", "~", "null") counts as quoted.
  static value scalar(std::string text, bool quoted = false);
  static value list(std::vector<value> items = {});
  static value map() { return of_kind(kind::map); }
  static value map(std::vector<entry> entries);

  kind type() const { return kind_; }
  bool is_null() const { return kind_ == kind::null; }
  bool is_scalar() const { return kind_ == kind::scalar; }
  bool is_list() const { return kind_ == kind::list; }
  bool is_map() const { return kind_ == kind::map; }

  const place& where() const { return where_; }
  void set_where(place where) { where_ = std::move(where); }
  void set_where_all(const place& where);  // this value, its keys and all below

  const std::string& text() const { return text_; }  // scalar; "" for others
  bool quoted() const { return quoted_; }
  bool is_text() const;  // a scalar that reads as text: quoted, or not a number or boolean

  const std::vector<value>& items() const { return items_; }  // list; empty for others
  value& item(std::size_t index);                             // throws error when there is none
  void push_back(value v);                                    // null becomes a list; throws error on others

  const std::vector<entry>& entries() const { return entries_; }  // map, in file order; empty for others
  const value* find(std::string_view key) const;                  // nullptr when absent or no map
  value* find(std::string_view key);
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  place key_place(std::string_view key) const;  // where the key itself stands; empty when absent

  // These three make a map of a null and throw error on a scalar or list.
  value& child(const std::string& key);  // created as null when absent
  void set(const std::string& key, value v);
  void set(const std::string& key, value v, place key_at);
  bool remove(std::string_view key);  // returns whether it was there

  std::string kind_name() const;  // "nothing", "a list", "a map", "the number 3", "the text 'abc'"
  std::string brief() const;      // as kind_name(), without the kind of a scalar: 3, 'abc', "3" when quoted

  // Compares trees without places; quotes count only where they change the meaning.
  friend bool operator==(const value& a, const value& b);

 private:
  static value of_kind(kind k);
  std::size_t index_of(std::string_view key) const;
  void need(kind k);

  kind kind_ = kind::null;
  bool quoted_ = false;
  place where_;
  std::string text_;
  std::vector<value> items_;
  std::vector<entry> entries_;
  std::vector<place> key_places_;  // beside entries_, one each
};

}
