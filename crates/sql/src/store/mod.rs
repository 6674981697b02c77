//! The Store port over a [`Driver`], a file a noun.

mod accounts;
mod conversations;
mod files;
mod fold;
mod groups;
mod journal;
mod keys;
mod log;
mod operations;
mod organisation;
mod people;
mod sessions;

use async_trait::async_trait;
use rempart_ports::{Store, StoreError};

use crate::driver::{Driver, Statement};
use crate::value::{Columns, Value};

/// A statement from its text and values.
macro_rules! sql {
    ($text:expr $(, $value:expr)* $(,)?) => {
        $crate::driver::Statement::new($text, vec![$($crate::value::Value::from($value)),*])
    };
}
use sql;

/// Values that one statement asks for at once; the last is repeated where there are fewer.
const MANY: usize = 32;

/// The placeholders of [`MANY`] values, for `IN`.
macro_rules! many {
    () => {
        "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, \
         $25, $26, $27, $28, $29, $30, $31, $32)"
    };
}
use many;

/// The store over an engine.
#[derive(Clone, Debug)]
pub struct SqlStore<D> {
    driver: D,
}

impl<D: Driver> SqlStore<D> {
    /// Over an engine whose schema is up to date.
    pub const fn new(driver: D) -> Self {
        Self { driver }
    }

    /// The engine.
    pub const fn driver(&self) -> &D {
        &self.driver
    }

    /// Ends what was begun and lets go of the engine.
    pub async fn close(&self) {
        self.driver.close().await;
    }

    /// Every row, read as something.
    async fn all<T>(
        &self,
        statement: Statement,
        what: &'static str,
        read: impl Fn(&mut Columns) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.driver.read(statement).await?;
        rows.into_iter().map(|row| read(&mut row.columns(what))).collect()
    }

    /// The first row, read as something.
    async fn first<T>(
        &self,
        statement: Statement,
        what: &'static str,
        read: impl Fn(&mut Columns) -> Result<T, StoreError> + Send,
    ) -> Result<Option<T>, StoreError> {
        let rows = self.driver.read(statement).await?;
        rows.into_iter().next().map(|row| read(&mut row.columns(what))).transpose()
    }

    /// The rows of a statement whose values are many of a kind, asked for [`MANY`] at a time on one snapshot.
    async fn of_many<V: Copy + Into<Value>, T>(
        &self,
        text: &'static str,
        values: &[V],
        what: &'static str,
        read: impl Fn(&mut Columns) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let statements = many_at_a_time(text, values);
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.driver.read_all(statements).await?;
        rows.into_iter().flatten().map(|row| read(&mut row.columns(what))).collect()
    }

    /// Writes one statement and gives how many rows it touched.
    async fn change(&self, statement: Statement) -> Result<u64, StoreError> {
        Ok(self.driver.write(vec![statement]).await?.first().map_or(0, |outcome| outcome.touched))
    }
}

fn many_at_a_time<V: Copy + Into<Value>>(text: &'static str, values: &[V]) -> Vec<Statement> {
    let fill = |chunk: &[V]| {
        let last = chunk.last().copied();
        chunk.iter().copied().chain(std::iter::repeat(last).flatten()).take(MANY).map(Into::into).collect()
    };
    values.chunks(MANY).map(|chunk| Statement::new(text, fill(chunk))).collect()
}

/// The number that the last statement's only row gives.
fn number(outcome: Option<crate::driver::Outcome>, what: &'static str) -> Result<u64, StoreError> {
    let row = outcome.and_then(|outcome| outcome.rows.into_iter().next());
    row.ok_or(StoreError::Corrupt(what))?.columns(what).number()
}

#[async_trait]
impl<D: Driver> Store for SqlStore<D> {
    async fn check(&self) -> Result<(), StoreError> {
        self.driver.check().await
    }

    async fn size(&self) -> Result<Option<u64>, StoreError> {
        self.driver.size().await
    }

    async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        self.driver.integrity().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_fill_whole_statements() {
        let values: Vec<i64> = (1..=33).collect();
        let statements = many_at_a_time("x", &values);
        assert_eq!(statements.len(), 2);
        assert!(statements.iter().all(|s| s.args.len() == MANY));
        assert_eq!(statements[0].args.last(), Some(&Value::Int(32)));
        assert!(statements[1].args.iter().all(|v| *v == Value::Int(33)));
        assert!(many_at_a_time::<i64>("x", &[]).is_empty());
        assert!(many!().contains(&format!("${MANY})")));
    }
}
