//! Free loopback ports for servers that cannot be told to take any.

use std::net::{Ipv4Addr, TcpListener};

use crate::RigError;

/// Takes `count` different ports that were free a moment ago on 127.0.0.1. Somebody else may still be faster, so
/// a rig tries again when its server cannot bind.
pub fn free_ports(count: usize) -> Result<Vec<u16>, RigError> {
    let error = |error| RigError::at("no free port on 127.0.0.1", error);
    let listeners = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(error)?;
    listeners
        .iter()
        .map(|one| one.local_addr().map(|at| at.port()).map_err(error))
        .collect()
}
