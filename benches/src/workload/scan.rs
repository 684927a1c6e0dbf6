//! Iteration over a settled map; one operation is one entry visited.

use super::{Cell, Plan, Workload, present};
use crate::key::Key;
use crate::script::Script;

pub(super) fn list(all: &mut Vec<Workload>) {
    all.push(Workload::numbers("iterate", iterate));
    all.push(Workload::strings("iterate", iterate).slow());
}

fn iterate<K: Key>(cell: Cell) -> Plan<K> {
    let times = cell.effort.gets.div_ceil(cell.size);
    let scripts = cell.each_thread().map(|_| Script::Iterate(times));
    Plan::settled(present(cell.size), scripts)
}
