#include "noneq/app/refuse.hpp"

#include "noneq/storage/file_names.hpp"
#include "noneq/storage/files.hpp"

namespace noneq {

void need_other_file(const std::filesystem::path& out, const std::filesystem::path& input, const std::string& option) {
  std::error_code failed;
  if (std::filesystem::equivalent(out, input, failed))
    throw input_error({error("--out got '" + out.string() + "', the file of " + option + "; need another name")});
}

void need_writable(const std::filesystem::path& path, std::string_view format) {
  as_input([&] {
    need_name_of(format, path);
    const atomic_file never_committed(path);
  });
}

}
