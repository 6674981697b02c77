//! Every rule of Rempart: pure and synchronous, no I/O, no clock, no randomness
