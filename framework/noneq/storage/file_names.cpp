#include "noneq/storage/file_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <string>

#include <glob.h>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq::storage {

struct known_end {
  std::string_view end, format;
};

// The first of a format is the one to advise.
static constexpr std::array ends{
    known_end{".h5", "HDF5"},        known_end{".hdf5", "HDF5"},       known_end{".hdf", "HDF5"},
    known_end{".he5", "HDF5"},       known_end{".png", "PNG"},         known_end{".safetensors", "safetensors"},
    known_end{".pt", "TorchScript"}, known_end{".pth", "TorchScript"}, known_end{".ts", "TorchScript"},
    known_end{".csv", "CSV"},        known_end{".tsv", "CSV"},         known_end{".txt", "text"},
    known_end{".json", "JSON"},      known_end{".jsonl", "JSON"},      known_end{".yaml", "YAML"},
    known_end{".yml", "YAML"},       known_end{".npy", "NumPy"},       known_end{".npz", "NumPy"},
    known_end{".mat", "MATLAB"},     known_end{".nc", "netCDF"},       known_end{".parquet", "Parquet"},
    known_end{".pkl", "pickle"},     known_end{".onnx", "ONNX"},       known_end{".zip", "ZIP"},
    known_end{".gz", "gzip"},        known_end{".jpg", "JPEG"},        known_end{".jpeg", "JPEG"},
    known_end{".gif", "GIF"},        known_end{".tif", "TIFF"},        known_end{".tiff", "TIFF"},
    known_end{".svg", "SVG"},        known_end{".pdf", "PDF"},
};

void need_name_of(std::string_view format, const std::filesystem::path& file) {
  std::string end = file.extension().string();
  std::transform(end.begin(), end.end(), end.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto known = std::find_if(ends.begin(), ends.end(), [&](const known_end& e) { return e.end == end; });
  if (known == ends.end() || known->format == format) return;
  const auto right = std::find_if(ends.begin(), ends.end(), [&](const known_end& e) { return e.format == format; });
  throw error(
      fmt::format("{}: got a name of {}, need one of {}, which is written here{}", file.string(), known->format, format,
                  right == ends.end() ? "" : fmt::format(": {}", file.stem().string() + std::string(right->end))));
}

bool is_pattern(const std::filesystem::path& name) {
  std::error_code failed;
  return name.string().find_first_of("*?[") != std::string::npos && !std::filesystem::exists(name, failed);
}

std::vector<std::filesystem::path> matching_files(const std::filesystem::path& name_or_pattern) {
  if (!is_pattern(name_or_pattern)) return {name_or_pattern};
  glob_t found{};
  std::vector<std::filesystem::path> all;
  if (::glob(name_or_pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    all.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    const int order = ::strverscmp(a.c_str(), b.c_str());
    return order != 0 ? order < 0 : a.native() < b.native();
  });
  return all;
}

}
