//! What a construct says in its stack's handbook: what it survives, who connects, what people do with it, and where they look.

use crate::manifest::Object;

/// A construct's part of the handbook. All commands are complete: they name objects that the construct renders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chapter {
    /// The team that answers for it.
    pub owner: Option<String>,
    /// Whom to call.
    pub on_call: Option<String>,
    /// Its version and other facts for the head of the handbook.
    pub facts: Vec<String>,
    /// What is known of topics beside their settings, as Markdown: a topic, and its owner or its schema.
    pub topics: Vec<(String, String)>,
    /// Who may connect, and how each shows who it is, as Markdown.
    pub identities: Vec<String>,
    /// What to know about its requests and limits.
    pub resources: Option<&'static str>,
    /// What it survives, in sentences, as Markdown.
    pub survives: Vec<String>,
    /// Commands that show how it is, before anything is done.
    pub look: Vec<String>,
    /// What people do with it.
    pub tasks: Vec<Task>,
    /// What people notice, and where they look then.
    pub symptoms: Vec<Task>,
}

/// Something that is done in steps, or noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Task {
    pub(crate) title: String,
    pub(crate) steps: Vec<Step>,
}

/// A step of a [`Task`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Sentences, as Markdown.
    Say(String),
    /// Commands, one a line.
    Run(Vec<String>),
    /// The runbooks of these alerts, where the stack has them.
    Runbooks(&'static [&'static str]),
}

impl Task {
    /// A task without steps.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            steps: Vec::new(),
        }
    }

    /// Sentences, as Markdown.
    pub fn say(mut self, text: impl Into<String>) -> Self {
        self.steps.push(Step::Say(text.into()));
        self
    }

    /// Commands, one a line.
    pub fn run<S: Into<String>>(mut self, commands: impl IntoIterator<Item = S>) -> Self {
        self.steps
            .push(Step::Run(commands.into_iter().map(Into::into).collect()));
        self
    }

    /// The runbooks of these alerts; of those that the stack does not have nothing is said.
    pub fn runbooks(mut self, alerts: &'static [&'static str]) -> Self {
        self.steps.push(Step::Runbooks(alerts));
        self
    }
}

/// A text that is not markup.
pub(crate) fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '>' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text as code, with as many backticks as it needs.
pub(crate) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let runs = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(runs + 1);
    let space = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{text}{space}{fence}")
}

/// The Deployments among objects, with their replicas.
pub(crate) fn deployments(objects: &[Object]) -> impl Iterator<Item = (&str, u64)> {
    let replicas = |object: &Object| object.body()["spec"]["replicas"].as_u64().unwrap_or(1);
    objects
        .iter()
        .filter(|object| object.kind() == "Deployment")
        .map(move |object| (object.name(), replicas(object)))
}

/// How many of a component's interchangeable instances may be down; `alone` says what stops without the only one.
pub(crate) fn spare(objects: &[Object], what: &str, alone: &str) -> Vec<String> {
    deployments(objects)
        .map(|(_, replicas)| match replicas {
            0 | 1 => format!("1 {what}: while it is down, {alone}."),
            2 => format!("2 {what}s, goes on with 1 down."),
            more => format!("{more} {what}s, goes on with {} down.", more - 1),
        })
        .collect()
}

/// Asks a Service over HTTP, and ends the connection again. It stands a moment after the first command, so `curl` tries for some seconds.
pub(crate) fn asked(namespace: &str, service: &str, port: u16, path: &str) -> [String; 3] {
    [
        format!("kubectl -n {namespace} port-forward service/{service} {port} &"),
        format!("curl -s --retry 5 --retry-connrefused 'localhost:{port}{path}'"),
        "kill %1".to_owned(),
    ]
}

/// Restarts the Deployments among objects.
pub(crate) fn restart(name: &str, namespace: &str, objects: &[Object]) -> Task {
    let commands = deployments(objects).flat_map(|(deployment, _)| {
        ["restart", "status"].map(|verb| format!("kubectl -n {namespace} rollout {verb} deployment/{deployment}"))
    });
    Task::new(format!("Restart {name}")).run(commands)
}
