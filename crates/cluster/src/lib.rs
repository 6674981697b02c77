//! Cluster adapters: PostgreSQL, NATS, S3
