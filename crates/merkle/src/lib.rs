//! Archive leaf, transparency log, tiles, checkpoints and proofs
