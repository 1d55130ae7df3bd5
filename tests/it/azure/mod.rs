//! Azure: the platform's identity, Key Vault, and what stands on them.

mod identity;
mod key_vault;
mod peers;
