// The one form in which a fallible function answers: a value, or an error code of the module's
// own documented enum. A policy denial is a value and never travels this way.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace sallyport::base {

using Error = boost::system::error_code;

template <class T>
using Result = boost::system::result<T>;

}  // namespace sallyport::base
