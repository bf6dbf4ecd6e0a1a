//! The users that the parts of a stack connect as, compared with those that have permissions.

use crate::{
    construct::{Check, User},
    diagnostics::{Diagnostics, rules::security},
    stack::Stack,
};

/// Reports each part of the stack that connects as a user whom no part gives permissions.
pub(super) fn check(stack: &Stack, findings: &mut Diagnostics) {
    let permitted: Vec<User> = stack
        .constructs
        .iter()
        .flat_map(|part| part.users())
        .filter(|user| matches!(user, User::Permitted { .. }))
        .collect();
    for part in &stack.constructs {
        for user in part.users() {
            let User::Needed { cluster, name } = user else {
                continue;
            };
            let wanted = User::Permitted {
                cluster,
                name: name.clone(),
            };
            if permitted.contains(&wanted) {
                continue;
            }
            let meta = part.meta();
            let message = format!("no `Permissions` has user `{name}`: it can do nothing in its cluster");
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
