//! The SQL that both stores speak: schema, migrations and the Store port over a small driver
