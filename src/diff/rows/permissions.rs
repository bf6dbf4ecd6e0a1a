//! The file of users, permissions and quotas that a permissions Job applies, user by user. Its format is in `kafka/permissions.sh`.

use std::collections::{BTreeMap, BTreeSet};

use super::file::FileChange;
use crate::diff::{
    change::{Draft, Found},
    class::{Class, Flag},
    row::Row,
    sets::When,
};

/// A user that is new.
static ADDED: Row = Row {
    id: "permissions-user-added",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a user is declared",
    reason: "the permissions Job makes `{user}`, who {login}, and lets it {gained}",
    commands: &[],
};

/// A user that is no longer declared.
static LEFT: Row = Row {
    id: "permissions-user-left",
    class: Class::Metadata,
    flags: &[],
    summary: "a user is no longer declared",
    reason: "the permissions Job touches only users that the file declares: `{user}` keeps what it has, a password, permissions and \
        quotas, and no file says so; to remove them, declare `{user} retired`",
    commands: &[],
};

/// Quotas of all users, which are no longer declared.
static DEFAULT_LEFT: Row = Row {
    id: "permissions-default-quota-left",
    class: Class::Metadata,
    flags: &[],
    summary: "the quotas of all users without their own are no longer declared",
    reason: "the permissions Job touches only what the file declares: {quotas} stay the quotas of all users without their own, and no file \
        says so; to remove them, declare `* quota none`, in a stack `.default_quota(Quota::new())`",
    commands: &[],
};

/// A user that goes.
static RETIRED: Row = Row {
    id: "permissions-user-retired",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "a user is retired",
    reason: "the permissions Job removes password, permissions and quotas of `{user}` while the brokers run: it may no longer {lost}, and its \
        clients are refused",
    commands: &[],
};

/// Another way to log in.
static LOGIN: Row = Row {
    id: "permissions-login",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "a user logs in another way",
    reason: "clients of `{user}` show a {login_after} instead of a {login_before}; the permissions Job sets a password that is declared, and \
        removes one that is not",
    commands: &[],
};

/// A user that may do less.
static LOST: Row = Row {
    id: "permissions-lost",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "a user loses permissions",
    reason: "`{user}` may no longer {lost}: its clients are refused that as soon as the permissions Job has run, without a restart",
    commands: &[],
};

/// A user that may do more.
static GAINED: Row = Row {
    id: "permissions-gained",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a user gains permissions",
    reason: "`{user}` may also {gained} as soon as the permissions Job has run, without a restart",
    commands: &[],
};

/// The same in other entries.
static ALIKE: Row = Row {
    id: "permissions-alike",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "the permissions of a user in other entries, which allow the same",
    reason: "the permissions Job replaces entries, and `{user}` may do what it could do before",
    commands: &[],
};

/// A lower quota.
static QUOTA_LOWERED: Row = Row {
    id: "permissions-quota-lowered",
    class: Class::DynamicConfig,
    flags: &[Flag::ClientBreaking],
    summary: "a lower quota of a user, or of all users without their own",
    reason: "{quota_lower} of {whom}: brokers delay what is above it as soon as the permissions Job has run, and clients that do not wait that \
        long time out",
    commands: &[],
};

/// A higher quota.
static QUOTA_RAISED: Row = Row {
    id: "permissions-quota-raised",
    class: Class::DynamicConfig,
    flags: &[],
    summary: "a higher quota of a user, or of all users without their own",
    reason: "{quota_higher} of {whom}, without a restart",
    commands: &[],
};

/// A line that the Job does not take.
static REFUSED: Row = Row {
    id: "permissions-file-refused",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a line that the permissions Job does not take",
    reason: "{flaw}: the permissions Job fails before it writes anything, so no change of this file is applied",
    commands: &[
        "# write `USER password|certificate|token|retired`, `USER acl KIND PATTERN NAME OPERATION` or `USER quota KEY NUMBER`; of all users `* quota KEY NUMBER` or `* quota none`",
    ],
};

/// A Job that has run already.
static NOT_RUN: Row = Row {
    id: "permissions-job-does-not-run",
    class: Class::ManualSteps,
    flags: &[],
    summary: "a file of permissions, and a Job that does not run again",
    reason: "{job} is the same as before, and no CronJob applies the file: Kubernetes does not run a Job again that has ended, so nothing is \
        applied until it is deleted and created anew",
    commands: &["kubectl -n {namespace} delete job {job}", "# apply the new manifests"],
};

pub(super) const ROWS: &[&Row] = &[
    &ADDED,
    &LEFT,
    &DEFAULT_LEFT,
    &RETIRED,
    &LOGIN,
    &LOST,
    &GAINED,
    &ALIKE,
    &QUOTA_LOWERED,
    &QUOTA_RAISED,
    &REFUSED,
    &NOT_RUN,
];

/// The name that stands for all users without their own quotas.
const ALL: &str = "*";

/// An entry: what a user may do with what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    kind: String,
    pattern: String,
    name: String,
    operation: String,
}

impl Right {
    /// Whether it allows all that another one allows.
    fn covers(&self, other: &Self) -> bool {
        let implied = match other.operation.as_str() {
            "DESCRIBE" => ["READ", "WRITE", "DELETE", "ALTER"].contains(&self.operation.as_str()),
            "DESCRIBE_CONFIGS" => self.operation == "ALTER_CONFIGS",
            _ => false,
        };
        let operation = self.operation == other.operation || self.operation == "ALL" || implied;
        let names = if self.pattern == "prefixed" {
            // Every name is not of one prefix.
            other.name.starts_with(&self.name) && !(other.pattern == "literal" && other.name == ALL)
        } else {
            self.name == ALL || other.pattern == "literal" && self.name == other.name
        };
        self.kind == other.kind && operation && names
    }

    fn shown(&self) -> String {
        let Self {
            kind,
            pattern,
            name,
            operation,
        } = self;
        match (kind.as_str(), pattern.as_str(), name.as_str()) {
            ("cluster", _, _) => format!("{operation} the cluster"),
            (kind, "literal", ALL) => format!("{operation} every {kind}"),
            (kind, "prefixed", name) => format!("{operation} every {kind} `{name}*`"),
            (kind, _, name) => format!("{operation} {kind} `{name}`"),
        }
    }
}

/// What is declared of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct User {
    /// `password`, `certificate`, `token` or `retired`.
    login: String,
    rights: BTreeSet<Right>,
    quotas: BTreeMap<String, u64>,
    /// Its lines, without its name.
    lines: Vec<String>,
}

/// The users of a file, and the first flaw for which the Job ends.
#[derive(Debug, Default)]
struct Users {
    users: BTreeMap<String, User>,
    flaw: Option<String>,
}

impl Users {
    /// As the script reads it.
    fn read(text: &str) -> Self {
        let mut read = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let Some((name, facts)) = words.split_first().filter(|(name, _)| !name.starts_with('#')) else {
                continue;
            };
            let user = read.users.entry((*name).to_owned()).or_default();
            user.lines.push(facts.join(" "));
            let taken = match facts {
                [login @ ("password" | "certificate" | "token" | "retired")]
                    if *name != ALL && user.login.is_empty() =>
                {
                    (*login).clone_into(&mut user.login);
                    true
                }
                ["acl", kind, pattern, resource, operation]
                    if *name != ALL
                        && ["topic", "group", "transactional-id", "cluster"].contains(kind)
                        && ["literal", "prefixed"].contains(pattern) =>
                {
                    user.rights.insert(Right {
                        kind: (*kind).to_owned(),
                        pattern: (*pattern).to_owned(),
                        name: (*resource).to_owned(),
                        operation: (*operation).to_owned(),
                    });
                    true
                }
                ["quota", "none"] if *name == ALL => true,
                [
                    "quota",
                    key @ ("producer_byte_rate" | "consumer_byte_rate" | "request_percentage"),
                    value,
                ] => {
                    let value = value.parse::<u64>().ok().filter(|value| *value > 0);
                    user.quotas.extend(value.map(|value| ((*key).to_owned(), value)));
                    value.is_some()
                }
                _ => false,
            };
            if !taken {
                read.flaw
                    .get_or_insert(format!("line {number} is `{}`", words.join(" ")));
            }
        }
        let without = read
            .users
            .iter()
            .find(|(name, user)| user.login.is_empty() && *name != ALL);
        let contradictory = read
            .users
            .iter()
            .find(|(_, user)| user.login == "retired" && user.lines.len() > 1);
        if read.flaw.is_none() {
            read.flaw = without
                .map(|(name, _)| format!("`{name}` has neither `password` nor `certificate` nor `token`"))
                .or_else(|| contradictory.map(|(name, _)| format!("`{name}` is retired and has permissions")))
                .or_else(|| read.users.is_empty().then(|| "the file declares no user".to_owned()));
        }
        read
    }
}

/// Tells the users of a file that differ; whether it is one of a permissions Job.
pub(super) fn judge(change: &FileChange<'_>, found: &mut Found) -> bool {
    let sets = change.sets;
    let has_script = [When::Before, When::After].into_iter().any(|when| {
        let side = sets.side(when);
        let body = side.find(change.identity).map(|index| side.body(index));
        body.is_some_and(|body| {
            let script = body["data"]["permissions.sh"].as_str();
            script.is_some_and(|script| script.contains("PERMISSIONS_FILE"))
        })
    });
    if change.file != "permissions.txt" || !has_script {
        return false;
    }
    let [before, after] = [change.before, change.after].map(|text| text.map(Users::read).unwrap_or_default());
    let first = found.drafts.len();
    let names: BTreeSet<&String> = before.users.keys().chain(after.users.keys()).collect();
    // Quotas of all users that left the file stay.
    let all = |users: &Users| users.users.get(ALL).map(|user| user.quotas.clone());
    let all_before = all(&before).unwrap_or_default();
    let all_after = all(&after).unwrap_or_else(|| all_before.clone());
    for name in names {
        let (old, new) = (before.users.get(name), after.users.get(name));
        if old == new {
            continue;
        }
        let of = |one: Option<&User>, other: Option<&User>| -> Option<String> {
            let others = other.map(|user| user.lines.clone()).unwrap_or_default();
            let lines = one?.lines.iter().filter(|line| !others.contains(line));
            Some(lines.cloned().collect::<Vec<_>>().join("\n")).filter(|lines| !lines.is_empty())
        };
        let place = change.place(&[name], of(old, new).as_deref(), of(new, old).as_deref());
        // Only the order of its lines.
        if place.before.is_null() && place.after.is_null() {
            continue;
        }
        let draft = found.add(&ALIKE, place);
        draft.word("user", name.as_str());
        user(draft, name, old, new, [&all_before, &all_after]);
    }
    applied(change, &after, &mut found.drafts[first..]);
    true
}

/// Says what another declaration of a user means.
fn user(
    draft: &mut Draft,
    name: &str,
    old: Option<&User>,
    new: Option<&User>,
    [all_before, all_after]: [&BTreeMap<String, u64>; 2],
) {
    let nothing = User::default();
    let is_there = |user: &&User| user.login != "retired";
    let Some(new) = new else {
        let quotas = old.map(|user| user.quotas.clone()).unwrap_or_default();
        let shown: Vec<String> = quotas.iter().map(|(key, value)| format!("`{key}` {value}")).collect();
        draft
            .instead(if name == ALL { &DEFAULT_LEFT } else { &LEFT })
            .word("quotas", shown.join(", "));
        return;
    };
    let old = old.filter(is_there);
    let was = old.unwrap_or(&nothing);
    // One that is retired has nothing, whatever its other lines say.
    let is_retired = new.login == "retired";
    let lost = was
        .rights
        .iter()
        .filter(|right| is_retired || !covered(&new.rights, right));
    let gained = new.rights.iter().filter(|right| !covered(&was.rights, right));
    let (lost, gained): (Vec<&Right>, Vec<&Right>) = (lost.collect(), gained.collect());
    draft
        .word("lost", shown(&lost, "do what it could"))
        .word("gained", shown(&gained, "do nothing yet"));
    if is_retired {
        draft.instead(&RETIRED);
        return;
    }
    if old.is_none() && name != ALL {
        let login = match new.login.as_str() {
            "password" => "logs in with the password in its Secret",
            "token" => "logs in with a token and has no password",
            _ => "logs in with a certificate and has no password",
        };
        draft.instead(&ADDED).word("login", login);
        return;
    }
    let mut rows = Vec::new();
    if was.login != new.login {
        draft
            .word("login_before", was.login.clone())
            .word("login_after", new.login.clone());
        rows.push(&LOGIN);
    }
    if !lost.is_empty() {
        rows.push(&LOST);
    }
    let changed = quotas(name, was, new, [all_before, all_after]);
    for (row, word, quotas) in [
        (&QUOTA_LOWERED, "quota_lower", &changed[0]),
        (&QUOTA_RAISED, "quota_higher", &changed[1]),
    ] {
        if !quotas.is_empty() {
            draft.word(word, quotas.join(", "));
            rows.push(row);
        }
    }
    draft.word(
        "whom",
        if name == ALL {
            "all users without their own".to_owned()
        } else {
            format!("`{name}`")
        },
    );
    if !gained.is_empty() {
        rows.push(&GAINED);
    }
    if let Some((first, rest)) = rows.split_first() {
        draft.instead(first);
        for row in rest {
            draft.also(row);
        }
    }
}

/// Whether one of some entries allows all of another one.
fn covered(rights: &BTreeSet<Right>, right: &Right) -> bool {
    rights.iter().any(|own| own.covers(right))
}

fn shown(rights: &[&Right], none: &str) -> String {
    const MOST: usize = 6;
    if rights.is_empty() {
        return none.to_owned();
    }
    let more = if rights.len() > MOST { ", …" } else { "" };
    let shown: Vec<String> = rights.iter().take(MOST).map(|right| right.shown()).collect();
    format!("{}{more}", shown.join(", "))
}

/// The quotas that are lower, and those that are higher. Without its own, a user has that of all users, if there is one.
fn quotas(
    name: &str,
    old: &User,
    new: &User,
    [all_before, all_after]: [&BTreeMap<String, u64>; 2],
) -> [Vec<String>; 2] {
    let value = |user: &User, all: &BTreeMap<String, u64>, key: &String| {
        let own = user.quotas.get(key).copied();
        own.or_else(|| all.get(key).copied().filter(|_| name != ALL))
    };
    let mut changed = [Vec::new(), Vec::new()];
    let keys: BTreeSet<&String> = old.quotas.keys().chain(new.quotas.keys()).collect();
    for key in keys
        .into_iter()
        .filter(|key| old.quotas.get(*key) != new.quotas.get(*key))
    {
        let (before, after) = (value(old, all_before, key), value(new, all_after, key));
        let text = |value: Option<u64>| value.map_or_else(|| "no limit".to_owned(), |value| value.to_string());
        let shown = format!("`{key}` {} instead of {}", text(after), text(before));
        let limit = |value: Option<u64>| value.unwrap_or(u64::MAX);
        match limit(after).cmp(&limit(before)) {
            std::cmp::Ordering::Less => changed[0].push(shown),
            std::cmp::Ordering::Greater => changed[1].push(shown),
            std::cmp::Ordering::Equal => {}
        }
    }
    changed
}

/// Says who applies the file, and when.
fn applied(change: &FileChange<'_>, after: &Users, drafts: &mut [Draft]) {
    let sets = change.sets;
    let readers: Vec<_> = sets.readers(When::After, change.identity).collect();
    let of_kind = |kind: &str| readers.iter().find(|worker| worker.model.identity.kind == kind);
    let (job, cron) = (of_kind("Job"), of_kind("CronJob"));
    let runs = job.filter(|job| !sets.is_same(&job.model.identity));
    for draft in drafts {
        if let Some(flaw) = &after.flaw {
            draft.means(&REFUSED).word("flaw", flaw.clone());
            continue;
        }
        // What nothing applies needs no run.
        if runs.is_some() || draft.is(&LEFT) || draft.is(&DEFAULT_LEFT) {
            continue;
        }
        match (cron, job) {
            (Some(cron), _) => {
                let schedule = cron.spec["schedule"].as_str().unwrap_or_default();
                let name = &cron.model.identity.name;
                draft.remark(format!("cronjob/{name} applies it at its next run (`{schedule}`)"));
            }
            (None, Some(job)) => {
                draft.also(&NOT_RUN).word("job", job.model.identity.name.clone());
            }
            (None, None) => {
                draft.flag(Flag::Unknown).remark("no Job of these manifests applies it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(text: &str) -> Right {
        let users = Users::read(&format!("a password\na acl {text}"));
        assert_eq!(users.flaw, None, "{text}");
        users.users["a"].rights.first().unwrap().clone()
    }

    #[test]
    fn an_entry_covers_what_it_allows() {
        for (own, other, covers) in [
            ("topic literal a READ", "topic literal a READ", true),
            ("topic literal a READ", "topic literal a DESCRIBE", true),
            ("topic literal a DESCRIBE", "topic literal a READ", false),
            ("topic literal a ALL", "topic literal a WRITE", true),
            ("topic literal * READ", "topic literal a READ", true),
            ("topic literal * READ", "topic prefixed a READ", true),
            ("topic prefixed a READ", "topic literal abc READ", true),
            ("topic prefixed a READ", "topic prefixed ab READ", true),
            ("topic prefixed ab READ", "topic prefixed a READ", false),
            ("topic prefixed a READ", "topic literal * READ", false),
            ("topic literal ab READ", "topic prefixed ab READ", false),
            ("group literal a READ", "topic literal a READ", false),
        ] {
            assert_eq!(right(own).covers(&right(other)), covers, "{own} / {other}");
        }
    }

    #[test]
    fn a_file_has_the_flaws_that_the_script_finds() {
        for (text, flaw) in [
            ("a password\n# a\n\na quota request_percentage 20", None),
            ("* quota request_percentage 20", None),
            ("a password\na secret", Some("line 2 is `a secret`")),
            (
                "a quota request_percentage 0\na password",
                Some("line 1 is `a quota request_percentage 0`"),
            ),
            ("a password\na token", Some("line 2 is `a token`")),
            ("* password", Some("line 1 is `* password`")),
            (
                "a acl topic literal b READ",
                Some("`a` has neither `password` nor `certificate` nor `token`"),
            ),
            (
                "a retired\na acl topic literal b READ",
                Some("`a` is retired and has permissions"),
            ),
            ("# nothing", Some("the file declares no user")),
        ] {
            assert_eq!(Users::read(text).flaw.as_deref(), flaw, "{text}");
        }
    }
}
