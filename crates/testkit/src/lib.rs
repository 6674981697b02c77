//! Test tools: a protocol client, a server harness, services for the cluster tests
