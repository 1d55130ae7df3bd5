//! What sealing costs: a body of 700 bytes, beside AES-256-GCM alone.

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use freehold::crypto::{Owner, Purpose, RootId, RowBinding, Vault};

const CALLS: u32 = 200_000;
const PLACE: RowBinding<'static> = RowBinding {
    table: "calendar_object",
    column: "body",
    row: &[7; 16],
};

/// CPU time of one call.
pub(crate) struct Sealing {
    /// The cipher alone, in place, without a random nonce.
    pub(crate) floor: Duration,
    pub(crate) seal: Duration,
    pub(crate) open: Duration,
}

pub(crate) fn measure() -> Sealing {
    let body = [b'x'; 700];
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
    let mut place = body;
    let floor = lowest(|| {
        let nonce = Nonce::assume_unique_for_key([7; 12]);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut place);
        drop(black_box(tag));
    });
    let vault = Vault::default();
    vault.add_root(RootId::fresh(), &[7; 32]);
    let owner = Owner::Principal([7; 16]);
    let data_key = vault.make_key(owner, Purpose::Content, 0).unwrap();
    vault.add(&data_key).unwrap();
    let seal = || vault.seal(&owner, &PLACE, &body).unwrap();
    let sealed = seal();
    Sealing {
        floor,
        seal: lowest(|| drop(black_box(seal()))),
        open: lowest(|| drop(black_box(vault.open(&PLACE, &sealed).unwrap()))),
    }
}

/// The lowest of five passes, in time on the processor.
fn lowest(mut call: impl FnMut()) -> Duration {
    let passes = (0..5).map(|_| {
        let begun = on_processor();
        for _ in 0..CALLS {
            call();
        }
        on_processor().saturating_sub(begun) / CALLS
    });
    passes.min().unwrap()
}

/// How long this thread has been on a processor, as the kernel counts it.
fn on_processor() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = counted.split_whitespace().next().unwrap();
    Duration::from_nanos(nanos.parse().unwrap())
}
