#include "noneq/runs/detail/failures.hpp"

#include "noneq/core/any_exception.hpp"
#include "noneq/core/error.hpp"
#include "noneq/core/stop.hpp"

namespace noneq::runs {

failure failure_of(const std::exception_ptr& e, bool bad_input) {
  using cause = failure::cause;
  try {
    std::rethrow_exception(e);
  } catch (const failure& known) {
    return known;
  } catch (const interrupted&) {
    return {cause::stopped, "keep_going ended the work"};
  } catch (const input_error& known) {
    return {cause::bad_input, known.what()};
  } catch (const error& known) {
    return {bad_input ? cause::bad_input : cause::failed, known.what()};
  } catch (...) {
    return {cause::failed, text_of(e)};
  }
}

}
