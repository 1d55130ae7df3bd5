//! What is installed: the templates of Azure Resource Manager and what a machine of theirs does; the
//! chart, with the real Helm; and the ways out that its network policy opens.

mod arm;
mod bicep;
mod checkov;
mod egress;
mod helm;
mod kept;
mod machine;
mod policy;
mod private;
mod roles;
mod templates;
mod ui;
