//! The metastore's functions that work alike on Hive 2.3, 3.1 and 4.0. Hive 4.0.1 has no `get_table`
//! any more.

/// A function and what it may throw, by the fields of its result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) throws: &'static [ExceptionKind],
}

/// Java's exceptions of the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExceptionKind {
    AlreadyExists,
    InvalidObject,
    InvalidOperation,
    /// Anything else that a metastore stumbles over.
    Meta,
    NoSuchObject,
}

use ExceptionKind::{AlreadyExists, InvalidObject, InvalidOperation, Meta, NoSuchObject};

pub(super) const SET_UGI: Function = Function {
    name: "set_ugi",
    throws: &[Meta],
};

pub(super) const GET_DATABASE: Function = Function {
    name: "get_database",
    throws: &[NoSuchObject, Meta],
};

pub(super) const CREATE_DATABASE: Function = Function {
    name: "create_database",
    throws: &[AlreadyExists, InvalidObject, Meta],
};

pub(super) const GET_TABLE: Function = Function {
    name: "get_table_req",
    throws: &[Meta, NoSuchObject],
};

pub(super) const CREATE_TABLE: Function = Function {
    name: "create_table",
    throws: &[AlreadyExists, InvalidObject, Meta, NoSuchObject],
};

pub(super) const ALTER_TABLE: Function = Function {
    name: "alter_table_with_environment_context",
    throws: &[InvalidOperation, Meta],
};

pub(super) const GET_PARTITION_NAMES: Function = Function {
    name: "get_partition_names",
    throws: &[NoSuchObject, Meta],
};

pub(super) const GET_PARTITIONS: Function = Function {
    name: "get_partitions_by_names",
    throws: &[Meta, NoSuchObject, InvalidObject],
};

pub(super) const ADD_PARTITIONS: Function = Function {
    name: "add_partitions_req",
    throws: &[InvalidObject, AlreadyExists, Meta],
};

pub(super) const ALTER_PARTITIONS: Function = Function {
    name: "alter_partitions_with_environment_context",
    throws: &[InvalidOperation, Meta],
};

pub(super) const DROP_PARTITIONS: Function = Function {
    name: "drop_partitions_req",
    throws: &[NoSuchObject, Meta],
};
