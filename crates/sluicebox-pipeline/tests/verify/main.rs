//! `verify` against lakes with and without damage: what it finds, what it says, and that a writer at
//! work never looks like damage.

mod commits;
mod lake;
mod finds;
mod staged;
mod while_writing;
