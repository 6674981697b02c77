//! Content of journal entries: types, byte encoding, limits and folds
