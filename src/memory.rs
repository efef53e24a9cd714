//! Giving memory back.

/// What is given back to the system as it is, in bytes: less than glibc's malloc ever takes from anywhere but its heap.
const SMALL_BYTES: usize = 64 * 1024;

/// Frees `buffer` so that its memory is the system's again at once, however large it was.
///
/// glibc's malloc maps large blocks one by one, and unmaps them when they are freed; but the size of the largest one it has freed
/// becomes the size from which on it does so (mallopt(3), `M_MMAP_THRESHOLD`). After one body of 25 MiB the next ones would
/// come from its heap, where they are copied to grow and leave holes that stay resident: with the same bodies side by side that
/// was 68 MiB instead of 39. A block that was shrunk before has no size to learn from. Elsewhere it costs a little time.
pub(crate) fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() > SMALL_BYTES {
        buffer.clear();
        buffer.shrink_to(SMALL_BYTES);
    }
}
