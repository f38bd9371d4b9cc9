//! The adapters of the catalog port against real catalogs.

use std::net::TcpStream;

use sluicebox_tests::harness::{MetastoreVersion, metastore, moto};

/// Every catalog that tests need can be started.
#[test]
fn catalogs_start() {
    for version in MetastoreVersion::ALL {
        TcpStream::connect(&metastore(version).address).expect("a metastore");
    }
    let moto = moto().endpoint.replace("http://", "");
    TcpStream::connect(moto).expect("moto");
}
