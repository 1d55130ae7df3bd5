//! What is installed: the chart, with the real Helm, and the ways out that its network policy opens.

mod egress;
mod helm;
