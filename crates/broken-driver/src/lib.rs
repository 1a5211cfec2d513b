//! An ASIO driver with planted faults, for the tests of the validator.
