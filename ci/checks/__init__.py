"""The rules of ci/check, one function each, in modules by what they read."""
