//! The store as the client sees it: it puts each batch aside for the worker, which alone can write.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rempart_mls_client::{Batch, StateStore, StoreFailure};
use zeroize::Zeroizing;

/// A value of the store: a secret.
pub type Value = Zeroizing<Vec<u8>>;
/// Everything that is kept.
pub type Entries = BTreeMap<Vec<u8>, Value>;

/// Where the newest batch is.
#[derive(Default)]
enum Stand {
    /// There is none: operations may go on.
    #[default]
    Written,
    /// Made, and not taken yet.
    Waiting(Batch),
    /// Taken; whether it is kept is not known yet.
    Taken,
}

/// Puts batches aside, and gives what it was given.
#[derive(Default)]
pub struct Aside {
    given: RefCell<Option<Entries>>,
    stand: Stand,
    /// Several steps of the client are one batch.
    gathering: bool,
}

impl Aside {
    /// A store that will be read once, as `entries`.
    #[must_use]
    pub fn holding(entries: Entries) -> Self {
        Self { given: RefCell::new(Some(entries)), ..Self::default() }
    }

    /// Whether no batch is on its way.
    #[must_use]
    pub const fn is_written(&self) -> bool {
        matches!(self.stand, Stand::Written)
    }

    /// Adds an entry to the batch that waits, or begins one.
    pub fn add(&mut self, key: Vec<u8>, value: Value) {
        let mut batch = match std::mem::take(&mut self.stand) {
            Stand::Waiting(batch) => batch,
            Stand::Written | Stand::Taken => Batch::new(),
        };
        batch.insert(key, Some(value));
        self.stand = Stand::Waiting(batch);
    }

    /// Whether what follows goes into the batch that waits, until this is said again with `false`.
    pub const fn gather(&mut self, gathering: bool) {
        self.gathering = gathering;
    }

    /// The batch that waits, once.
    pub fn take(&mut self) -> Option<Batch> {
        match std::mem::replace(&mut self.stand, Stand::Taken) {
            Stand::Waiting(batch) => Some(batch),
            other => {
                self.stand = other;
                None
            }
        }
    }

    /// The batch taken is kept. False when none was taken.
    pub fn written(&mut self) -> bool {
        let taken = matches!(self.stand, Stand::Taken);
        if taken {
            self.stand = Stand::Written;
        }
        taken
    }
}

impl StateStore for Aside {
    fn load(&self) -> Result<Entries, StoreFailure> {
        self.given.take().ok_or_else(|| StoreFailure("what is kept must be given again".to_owned()))
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreFailure> {
        match &mut self.stand {
            Stand::Written => self.stand = Stand::Waiting(batch.clone()),
            Stand::Waiting(before) if self.gathering => before.extend(batch.clone()),
            Stand::Waiting(_) | Stand::Taken => {
                return Err(StoreFailure("the batch before is not written".to_owned()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_taken_once_and_the_next_waits_for_its_word() {
        let mut aside = Aside::default();
        assert!(aside.take().is_none());
        assert!(!aside.written());
        let batch = Batch::from([(vec![1], Some(Zeroizing::new(vec![2]))), (vec![3], None)]);
        aside.commit(&batch).unwrap();
        assert!(aside.commit(&batch).is_err());
        aside.add(vec![4], Zeroizing::new(vec![5]));
        assert!(!aside.written(), "not taken yet");
        let taken = aside.take().unwrap();
        assert_eq!(taken.len(), 3);
        assert_eq!(taken[&vec![4]].as_ref().unwrap().as_slice(), [5]);
        assert!(aside.take().is_none());
        assert!(aside.commit(&batch).is_err(), "nobody has said that it is written");
        assert!(aside.written());
        aside.commit(&batch).unwrap();
    }

    #[test]
    fn gathered_steps_are_one_batch_and_the_last_word_counts() {
        let mut aside = Aside::default();
        aside.gather(true);
        aside.commit(&Batch::from([(vec![1], Some(Zeroizing::new(vec![1]))), (vec![2], None)])).unwrap();
        aside.commit(&Batch::from([(vec![1], None), (vec![3], None)])).unwrap();
        aside.gather(false);
        assert!(aside.commit(&Batch::new()).is_err());
        let batch = aside.take().unwrap();
        assert_eq!(batch.keys().map(|key| key[0]).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(batch.values().all(Option::is_none));
        aside.gather(true);
        assert!(aside.commit(&batch).is_err(), "a taken batch is not added to");
    }

    #[test]
    fn what_is_given_is_read_once() {
        let aside = Aside::holding(Entries::from([(vec![1], Zeroizing::new(vec![2]))]));
        assert_eq!(aside.load().unwrap().len(), 1);
        assert!(aside.load().is_err());
        assert!(Aside::default().load().is_err());
    }
}
