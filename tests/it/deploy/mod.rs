//! What is installed: the templates of Azure Resource Manager, and what a machine of theirs does.

mod arm;
mod bicep;
mod checkov;
mod kept;
mod machine;
mod policy;
mod private;
mod roles;
mod templates;
mod ui;
