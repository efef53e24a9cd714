//! Memory that goes from connection to connection.

use crate::memory::give_back;

/// Memory that connections share, so that a warm receiver allocates nothing for a request and an idle connection holds none.
#[derive(Debug, Default)]
pub struct Buffers {
    spare: Vec<Vec<u8>>,
    spare_bytes: usize,
}

impl Buffers {
    /// Most memory kept, in bytes: what a thousand requests of 2 KiB in one turn take, with their answers.
    const MOST_BYTES: usize = 4 * 1024 * 1024;
    /// Largest buffer kept, in bytes; larger ones go back to the system.
    const LARGEST_BYTES: usize = 16 * 1024;
    /// A new buffer, in bytes: most requests fit in.
    const NEW_BYTES: usize = 2 * 1024;

    /// An empty buffer with some room.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match self.spare.pop() {
            Some(buffer) => {
                self.spare_bytes -= buffer.capacity();
                buffer
            }
            None => Vec::with_capacity(Self::NEW_BYTES),
        }
    }

    pub(super) fn give(&mut self, mut buffer: Vec<u8>) {
        let bytes = buffer.capacity();
        let is_of_use = (Self::NEW_BYTES..=Self::LARGEST_BYTES).contains(&bytes);
        if is_of_use && self.spare_bytes + bytes <= Self::MOST_BYTES {
            buffer.clear();
            self.spare_bytes += bytes;
            self.spare.push(buffer);
        } else {
            give_back(buffer);
        }
    }

    /// Memory held for reuse, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.spare_bytes
    }
}
