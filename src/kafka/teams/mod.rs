//! Topics that teams write themselves, in YAML files, within limits that a stack sets.

mod format;
mod limits;
mod read;
mod say;
mod team;

pub(crate) use format::TeamFile;
pub use team::{Team, TeamFiles};

use std::collections::BTreeMap;

use self::{read::Declared, say::say};
use super::{replication::Replication, topic::Topic};
use crate::{
    diagnostics::{Diagnostic, Location, rules::application},
    nearest::nearest,
};

/// What was read from the files of teams.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TeamTopics {
    pub(super) topics: Vec<Topic>,
    pub(super) findings: Vec<Diagnostic>,
    /// The topics of dead letters, with the owner of each.
    pub(super) owned: Vec<(String, String)>,
}

/// Reads the files of teams, and compares them with the teams' limits.
pub(super) fn read(files: &TeamFiles, teams: &[Team], default: Replication) -> TeamTopics {
    let mut all = TeamTopics::default();
    let mut first: BTreeMap<String, Location> = BTreeMap::new();
    for team in teams {
        let of_team = files
            .files
            .iter()
            .filter(|(path, _)| TeamFiles::team(path) == team.name);
        let mut declared = Vec::new();
        for (path, text) in of_team {
            declared.extend(read::file(path, text, &mut all.findings));
        }
        declared.retain(|topic: &Declared| {
            let here = topic.topic.location;
            let Some(there) = first.get(&topic.topic.name) else {
                first.insert(topic.topic.name.clone(), here);
                return true;
            };
            let message = format!("topic `{}` is also in {there}", topic.topic.name);
            say(
                &mut all.findings,
                &application::TEAM_FILE,
                &topic.topic.name,
                here,
                message,
                "remove one of the two",
            );
            false
        });
        limits::check(team, &declared, default, &mut all.findings);
        for topic in declared {
            if let Some(owner) = &team.owner {
                let dead_letters = topic.topic.beside().map(|beside| (beside.name, owner.clone()));
                all.owned.extend(dead_letters);
            }
            all.topics.push(topic.topic);
        }
    }
    let names = || teams.iter().map(|team| team.name.as_str());
    for path in files.files.keys() {
        let folder = TeamFiles::team(path);
        if names().any(|name| name == folder) {
            continue;
        }
        let message = format!("`{folder}` is not a team of this stack");
        let hint = match nearest(folder, names()) {
            Some(near) => {
                format!("move the file to the folder `{near}`, or ask the owners of the stack to add the team")
            }
            None => {
                "move the file to the folder of your team, or ask the owners of the stack to add the team".to_owned()
            }
        };
        say(
            &mut all.findings,
            &application::TEAM,
            folder,
            Location::new(path, 1),
            message,
            hint,
        );
    }
    all
}
