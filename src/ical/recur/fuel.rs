//! The bound on the work of one expansion.

/// Steps that an expansion may still take; a step is about 20 ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fuel {
    left: u32,
}

impl Fuel {
    /// Fuel for `steps` periods and candidates.
    #[must_use]
    pub const fn new(steps: u32) -> Self {
        Self { left: steps }
    }

    /// Takes `steps`; `false` when there are not so many left.
    pub(crate) fn burn(&mut self, steps: u32) -> bool {
        let enough = self.left >= steps;
        self.left = self.left.saturating_sub(steps);
        enough
    }
}

/// 500,000 steps: enough for a daily series of 1,000 years, spent in some milliseconds.
impl Default for Fuel {
    fn default() -> Self {
        Self::new(500_000)
    }
}
