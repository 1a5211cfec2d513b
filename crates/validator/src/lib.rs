//! Checks any ASIO driver, each check in a process of its own.
