//! The users that the parts of a stack connect as, compared with those that have permissions.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    acl::Acl,
    construct::{Check, User},
    diagnostics::{Diagnostics, rules::security},
    stack::Stack,
};

/// Reports each part of the stack that connects as a user whom no part gives the permissions that it needs.
pub(super) fn check(stack: &Stack, findings: &mut Diagnostics) {
    let mut permitted: BTreeMap<(String, String), BTreeSet<Acl>> = BTreeMap::new();
    for user in stack.constructs.iter().flat_map(|part| part.users()) {
        if let User::Permitted { cluster, name, acls } = user {
            permitted.entry((cluster, name)).or_default().extend(acls);
        }
    }
    for part in &stack.constructs {
        for user in part.users() {
            let User::Needed { cluster, name, acls } = user else {
                continue;
            };
            let message = match permitted.get(&(cluster, name.clone())) {
                None => format!("no `Permissions` has user `{name}`: it can do nothing in its cluster"),
                Some(given) => match acls.iter().find(|acl| !given.contains(acl)) {
                    None => continue,
                    Some(acl) => format!("no `Permissions` gives user `{name}` the permission `{acl}`"),
                },
            };
            let meta = part.meta();
            Check::new(&stack.context, &meta.name, meta.location, findings).report(
                &security::NOT_PERMITTED,
                message,
                |finding| {
                    finding.hint("give the cluster's `Permissions` its handle: `.of(&…)`");
                },
            );
        }
    }
}
