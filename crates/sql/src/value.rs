//! Values as both engines keep them, and reading them back as what they stand for.

use rempart_base::Timestamp;
use rempart_ports::StoreError;

/// A value. Columns are integers, texts (never with NUL) or bytes; a truth value is 0 or 1, also where an engine gives `bool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `INTEGER`, `BIGINT`.
    Int(i64),
    /// `TEXT`.
    Text(String),
    /// `BLOB`, `BYTEA`.
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u64> for Value {
    /// Numbers beyond what a column holds become the greatest that it does: no row has such a number.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.millis())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! from_ids {
    ($($id:ident),+) => {$(
        impl From<rempart_base::$id> for Value {
            fn from(value: rempart_base::$id) -> Self {
                Self::Blob(value.as_bytes().to_vec())
            }
        }
    )+};
}
from_ids!(
    AccountId,
    DeviceId,
    SessionId,
    ConversationId,
    ClientId,
    InvitationId,
    ApiTokenId,
    UploadId,
    NodeId,
    BlobHash
);

/// A row: its columns in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// Reads the columns from the first on; `what` is said when one is not what it should be.
    #[must_use]
    pub fn columns(self, what: &'static str) -> Columns {
        Columns { values: self.0.into_iter(), what }
    }
}

/// Reads a row's columns one after the other.
#[derive(Debug)]
pub struct Columns {
    values: std::vec::IntoIter<Value>,
    what: &'static str,
}

impl Columns {
    /// The error for a column that is not what it should be.
    #[must_use]
    pub const fn corrupt(&self) -> StoreError {
        StoreError::Corrupt(self.what)
    }

    /// The next as an integer.
    pub fn int(&mut self) -> Result<i64, StoreError> {
        self.maybe_int()?.ok_or(self.corrupt())
    }

    /// The next as an integer, if there is one.
    pub fn maybe_int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.values.next() {
            Some(Value::Int(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.corrupt()),
        }
    }

    /// The next as a number of something.
    pub fn number<T: TryFrom<i64>>(&mut self) -> Result<T, StoreError> {
        let value = self.int()?;
        T::try_from(value).map_err(|_| self.corrupt())
    }

    /// The next as a truth value.
    pub fn truth(&mut self) -> Result<bool, StoreError> {
        match self.int()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.corrupt()),
        }
    }

    /// The next as a moment.
    pub fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.int().map(Timestamp::from_millis)
    }

    /// The next as a moment, if there is one.
    pub fn maybe_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_int()?.map(Timestamp::from_millis))
    }

    /// The next as a text.
    pub fn text(&mut self) -> Result<String, StoreError> {
        self.maybe_text()?.ok_or(self.corrupt())
    }

    /// The next as a text, if there is one.
    pub fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.values.next() {
            Some(Value::Text(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.corrupt()),
        }
    }

    /// The next as a text that names something.
    pub fn named<T>(&mut self, from_name: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let name = self.text()?;
        from_name(&name).ok_or(self.corrupt())
    }

    /// The next as bytes.
    pub fn blob(&mut self) -> Result<Vec<u8>, StoreError> {
        self.maybe_blob()?.ok_or(self.corrupt())
    }

    /// The next as bytes, if there are any.
    pub fn maybe_blob(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.values.next() {
            Some(Value::Blob(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.corrupt()),
        }
    }

    /// The next as an id or a hash.
    pub fn id<T: for<'a> TryFrom<&'a [u8]>>(&mut self) -> Result<T, StoreError> {
        self.maybe_id()?.ok_or(self.corrupt())
    }

    /// The next as an id or a hash, if there is one.
    pub fn maybe_id<T: for<'a> TryFrom<&'a [u8]>>(&mut self) -> Result<Option<T>, StoreError> {
        match self.maybe_blob()? {
            Some(bytes) => T::try_from(&bytes).map(Some).map_err(|_| self.corrupt()),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_are_not_what_they_should_be_are_told_by_name() {
        let told = |value: Value, read: fn(&mut Columns) -> Result<(), StoreError>| {
            let error = read(&mut Row(vec![value]).columns("account")).unwrap_err();
            assert_eq!(error.to_string(), "account in the store is not readable");
        };
        told(Value::Null, |c| c.int().map(drop));
        told(Value::Text("1".into()), |c| c.int().map(drop));
        told(Value::Int(-1), |c| c.number::<u64>().map(drop));
        told(Value::Int(2), |c| c.truth().map(drop));
        told(Value::Blob(vec![0; 15]), |c| c.id::<rempart_base::AccountId>().map(drop));
        told(Value::Text("emperor".into()), |c| c.named(rempart_domain::role::Role::from_name).map(drop));
        assert!(Row(Vec::new()).columns("account").int().is_err());
    }

    #[test]
    fn numbers_beyond_the_column_are_the_greatest() {
        assert_eq!(Value::from(u64::MAX), Value::Int(i64::MAX));
    }
}
