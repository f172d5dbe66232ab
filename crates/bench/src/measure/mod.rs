//! The measurements, one file each.

mod counts;
mod cycle;
mod hold;
mod memory;
mod rig;
mod sending;
mod service;

use anyhow::Result;

use crate::facts::Machine;
use crate::history;
use crate::options::Options;
use crate::report::Report;

/// Measures everything that is wanted; whether every limit holds.
pub(crate) async fn all(options: &Options) -> Result<bool> {
    if let Some(people) = options.hold {
        hold::hold(people)?;
        return Ok(true);
    }
    let machine = Machine::look();
    eprintln!(
        "{}, {} cores, {} MiB, load {}",
        machine.processor, machine.cores, machine.memory_mib, machine.load
    );
    let mut report = Report::default();
    if options.wants("cycle") {
        cycle::measure(options, &mut report).await?;
    }
    if options.wants("sending") {
        sending::measure(options, &mut report).await?;
    }
    if options.wants("service") {
        service::measure(options, &mut report).await?;
    }
    if options.wants("counts") {
        counts::measure(options, &mut report).await?;
    }
    if options.wants("memory") {
        memory::measure(options, &mut report).await?;
    }
    let judged = !options.quick && !cfg!(debug_assertions);
    report.print(judged);
    if !judged {
        println!("small sizes or a build without optimisation: nothing is judged, nothing is kept");
        return Ok(true);
    }
    history::append(options, &machine, &report)?;
    Ok(report.holds())
}
