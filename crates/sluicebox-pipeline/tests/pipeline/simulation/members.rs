//! What the group does to its members: partitions come, go, and are taken away.

use super::group::Owner;
use super::instance::Callback;
use super::process::State;
use super::world::World;

impl World {
    /// The group has not heard of a member for too long, and gives its partitions to others. The
    /// member, which may be frozen, hears of that later, and works on until then.
    pub(super) fn evict_one(&mut self) {
        if self.instances.is_empty() {
            return;
        }
        let index = self.dice.index(self.instances.len());
        let member = self.instances[index].member;
        self.note("evict", member);
        let partitions = self.release_all(member);
        self.instances[index].tell(Callback::Revoked {
            partitions,
            lost: true,
        });
    }

    /// As SIGTERM: it gives back what it has, and is gone once it has done so.
    pub(super) fn terminate_one(&mut self) {
        if let Some(index) = self.one_that(State::Running) {
            let partitions = self.site.group.owned_by(self.instances[index].member);
            self.revoke(index, partitions);
        }
    }

    pub(super) fn move_a_partition(&mut self) {
        let partition = self.dice.index(self.site.log.partitions());
        if let Owner::Member(member) = self.site.group.owner(partition) {
            let index = self.instances.iter().position(|i| i.member == member);
            self.revoke(index.expect("an owner runs"), vec![partition]);
        }
    }

    fn revoke(&mut self, index: usize, partitions: Vec<usize>) {
        let instance = &mut self.instances[index];
        for &partition in &partitions {
            let leaving = Owner::Leaving(instance.member);
            self.site.group.give(partition, leaving);
        }
        instance.tell(Callback::Revoked {
            partitions,
            lost: false,
        });
    }

    pub(super) fn release_all(&self, member: u64) -> Vec<usize> {
        let partitions = self.site.group.owned_by(member);
        for &partition in &partitions {
            self.site.group.give(partition, Owner::Nobody);
        }
        partitions
    }

    /// Gives partitions without owner to members.
    pub(super) fn balance(&mut self) {
        for partition in 0..self.site.log.partitions() {
            if self.site.group.owner(partition) != Owner::Nobody || self.instances.is_empty() {
                continue;
            }
            let index = self.dice.index(self.instances.len());
            let instance = &mut self.instances[index];
            let owner = Owner::Member(instance.member);
            self.site.group.give(partition, owner);
            instance.tell(Callback::Assigned(vec![partition]));
        }
    }

    pub(super) fn poll_groups(&mut self) {
        for instance in &mut self.instances {
            instance.poll_group(&self.site.group);
        }
    }
}
