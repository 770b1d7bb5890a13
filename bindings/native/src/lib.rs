//! An allocator that wipes what is freed. The only unsafe code of the project.
//!
//! What crosses the border to a shell does so in buffers that UniFFI frees and does not wipe; so do the copies that any
//! `Vec` leaves when it grows. With this allocator freed memory holds zeros, whoever held a secret in it.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
    ptr,
    sync::atomic::{Ordering, compiler_fence},
};

/// The system's allocator, wiping each block before it goes back.
///
/// Growing a block copies it to a new one and wipes the old: the system's own `realloc` may move bytes and leave them.
#[derive(Debug, Clone, Copy, Default)]
pub struct WipingAllocator;

// SAFETY: every block comes from `System` with the layout asked for and goes back with the same one; wiping writes only
// inside a block that its owner has just given up. `realloc` is the trait's own: `alloc`, copy, `dealloc`.
unsafe impl GlobalAlloc for WipingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `GlobalAlloc`'s contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is valid for `layout.size()` bytes until it is given back below.
        unsafe { wipe(block, layout.size()) };
        // SAFETY: the caller gives back a block of this allocator, so of `System`, with its layout.
        unsafe { System.dealloc(block, layout) };
    }
}

/// Zeros that the optimiser cannot leave out: it must believe that the bytes are looked at before they are freed.
///
/// # Safety
/// `block` is valid for writes of `length` bytes.
unsafe fn wipe(block: *mut u8, length: usize) {
    // SAFETY: promised by the caller.
    unsafe { ptr::write_bytes(block, 0, length) };
    black_box(block);
    compiler_fence(Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_wiped_holds_zeros_and_its_neighbour_does_not() {
        let mut bytes = *b"271828 and what follows";
        // SAFETY: the first six bytes are ours.
        unsafe { wipe(bytes.as_mut_ptr(), 6) };
        assert_eq!(&bytes, b"\0\0\0\0\0\0 and what follows");
    }

    #[test]
    fn block_grown_keeps_its_bytes_and_zeroed_blocks_are_zero() {
        let mut bytes = Vec::new();
        for value in 0..10_000_u32 {
            bytes.push(value);
        }
        assert!(bytes.iter().zip(0..).all(|(found, value)| *found == value));
        assert_eq!(vec![0_u64; 4096], [0; 4096]);
    }

    #[global_allocator]
    static ALLOCATOR: WipingAllocator = WipingAllocator;
}
