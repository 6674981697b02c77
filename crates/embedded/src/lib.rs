//! Embedded adapters: SQLite, in-process bus, files
