//! Where an entity falls in a split. The order of the two hash inputs differs between the kinds of flag.

use crc32fast::Hasher;

use crate::snapshot::Flag;

/// Thousandths for a variant flag: CRC-32 (IEEE) of flag key and entity id.
pub(super) fn thousandth(flag: &Flag, entity: &str) -> u32 {
    let mut hasher = Hasher::new_with_initial(flag.key_crc);
    hasher.update(entity.as_bytes());
    hasher.finalize() % 1000
}

/// Hundredths for a boolean flag: CRC-32 (IEEE) of entity id and flag key.
pub(super) fn hundredth(flag: &Flag, entity: &str) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(entity.as_bytes());
    hasher.update(flag.key().as_bytes());
    hasher.finalize() % 100
}
