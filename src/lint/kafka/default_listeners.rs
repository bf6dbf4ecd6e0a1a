//! Brokers and controllers without `listeners`.

use super::{
    Member,
    addresses::ADVERTISED_ELSEWHERE,
    listeners::{self, CONTROLLER_LISTENER, INTER_BROKER_LISTENER},
    listening::{self, DEFAULT, MODES},
};
use crate::lint::model::{program::Program, set::SetFindings};

/// A process without `listeners`: it listens on something, which others need to be more. Said once, whatever it breaks.
pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    if member.process.program != Program::Broker || member.settings.get("listeners").is_some() {
        return;
    }
    let (Some(made), Some(controllers), Some((place, setting))) = (
        member.listeners(),
        listeners::of_controllers(member),
        MODES.into_iter().find_map(|key| Some((key, member.settings.get(key)?))),
    ) else {
        return;
    };
    let own: Vec<&str> = listening::listeners(&made).map(|listener| listener.name).collect();
    let lacks = |name: &str| !name.contains(['{', '$', '(']) && own.iter().all(|own| !own.eq_ignore_ascii_case(name));
    let advertised = member.settings.get("advertised.listeners");
    let advertised = advertised.map_or("", |setting| setting.value.as_str());
    let made_of = if *made == *DEFAULT {
        format!("the process listens on `{DEFAULT}` alone")
    } else {
        "the image makes it of `advertised.listeners`".to_owned()
    };
    let (rule, missing, what) = if let Some(name) = controllers.iter().find(|_| member.votes())
        && controllers.iter().all(|name| lacks(name))
    {
        let port = if own.is_empty() { 9092 } else { 9093 };
        let what = format!("the controller has no listener `{name}`");
        (&CONTROLLER_LISTENER, format!("{name}://:{port}"), what)
    } else if let Some(listener) = listening::listeners(advertised).find(|listener| lacks(listener.name)) {
        let port = listener.port.map_or_else(|| "9092".to_owned(), |port| port.to_string());
        let what = format!("`{}`, which it advertises, is not among them", listener.name);
        (&ADVERTISED_ELSEWHERE, format!("{}://:{port}", listener.name), what)
    } else if let Some((name, Some(_))) =
        listeners::inter_broker(member).filter(|(name, _)| member.serves() && lacks(name))
    {
        let what = format!("brokers have no listener `{name}` among themselves");
        (&INTER_BROKER_LISTENER, format!("{name}://:9092"), what)
    } else {
        return;
    };
    let message = format!("`listeners` is not set, so {made_of}: {what}, and the process does not start");
    let hint = format!("set `listeners`, with `{missing}`");
    member.refuse(findings, rule, place, setting, message, hint);
}
