// Lets doctest take a Result as a condition and say its error when it is not met.
#pragma once

#include <doctest/doctest.h>

#include "syncline/error.hpp"

namespace doctest {

template <typename T>
struct StringMaker<boost::system::result<T, syncline::Error>> {
  static String convert(const boost::system::result<T, syncline::Error>& result) {
    return result ? String("a value") : String(to_string(result.error()).c_str());
  }
};

}  // namespace doctest
