// doctest after torch: glog, which torch includes, claims the name CHECK first.
#pragma once
#include <ATen/ATen.h>
#include <c10/util/Logging.h>
#include <torch/csrc/autograd/autograd.h>
#undef CHECK
#undef CHECK_EQ
#undef CHECK_NE
#undef CHECK_LE
#undef CHECK_LT
#undef CHECK_GE
#undef CHECK_GT
#include <doctest/doctest.h>
