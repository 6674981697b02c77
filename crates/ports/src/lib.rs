//! What the application needs from the outside: Store, Bus, Blobs; with one contract suite each
