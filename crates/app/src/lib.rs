//! Use cases, the feed and background tasks
