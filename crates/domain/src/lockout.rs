//! Filled by its rules.
