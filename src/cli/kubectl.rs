//! The user's own kubectl: every call that touches a cluster goes through [`Kubectl`], with their context and credentials. Arguments are a
//! list that no shell reads.
#![expect(
    clippy::disallowed_methods,
    reason = "a call has a limit of time, and what was seen is told with the time that it took"
)]

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{ErrorKind, Read, Write as _},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use clap::Args;

use crate::{
    cli::failure::Failure,
    diagnostics::printable,
    kubernetes::Kubernetes,
    operate::{
        control::{Action, Control, Stop},
        live::{Live, Request, Trouble, Weight, json},
        verify::minor,
    },
};

/// Which cluster. The same for every verb that touches a cluster.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Access {
    /// The context of kubectl's configuration; the current one by default
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// The file of kubectl's configuration
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// How long one call of kubectl may take before it is ended, where nothing else is said.
pub(super) const CALL: Duration = Duration::from_secs(180);

/// Reads `90s`, `2m` or `1h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        _ => None,
    };
    let number = number.parse::<u32>().ok().filter(|number| *number > 0);
    number
        .zip(seconds)
        .map(|(number, unit)| Duration::from_secs(u64::from(number) * unit))
        .ok_or_else(|| "use a number with a unit, such as `90s`, `2m` or `1h`".to_owned())
}

/// Calls kubectl.
#[derive(Clone, Debug)]
pub(super) struct Kubectl {
    program: OsString,
    /// What comes before the arguments of a call: which cluster.
    global: Vec<OsString>,
    limit: Duration,
}

impl Kubectl {
    /// `limit` is how long one call may take.
    pub(super) fn new(access: &Access, limit: Duration) -> Self {
        let mut global = Vec::new();
        let mut option = |name: &str, value: OsString| {
            let mut word = OsString::from(format!("--{name}="));
            word.push(value);
            global.push(word);
        };
        if let Some(file) = &access.kubeconfig {
            option("kubeconfig", file.clone().into_os_string());
        }
        if let Some(context) = &access.context {
            option("context", context.into());
        }
        Self {
            program: "kubectl".into(),
            global,
            limit,
        }
    }

    /// The words of a call, the program first.
    fn words(&self, arguments: &[String]) -> Vec<OsString> {
        let program = std::iter::once(&self.program).chain(&self.global).cloned();
        program.chain(arguments.iter().map(OsString::from)).collect()
    }

    /// Runs kubectl with these arguments, and a text on its standard input, and returns what it wrote to standard output.
    pub(super) fn run(&self, arguments: &[String], input: Option<&str>) -> Result<String, Trouble> {
        let words = self.words(arguments);
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                Trouble::NoKubectl(match error.kind() {
                    ErrorKind::NotFound => format!("there is no `{}` on the PATH", self.program.display()),
                    kind => kind.to_string(),
                })
            })?;
        if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
            let text = input.to_owned();
            // Written while it runs, too. That it does not read all of it is told by its exit status.
            thread::spawn(move || pipe.write_all(text.as_bytes()));
        }
        // Read while it runs: a full pipe would stop it.
        let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
        let end = Instant::now() + self.limit;
        let Some(status) = wait(&mut child, end) else {
            // What it started, such as a credential plugin, may hold the pipes open: nothing waits for them.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Trouble::TimedOut(self.limit));
        };
        // Both pipes end with the process, unless something that it started still has them.
        let rest = Duration::from_secs(5);
        let (Ok(stdout), Ok(stderr)) = (stdout.recv_timeout(rest), stderr.recv_timeout(rest)) else {
            return Err(Trouble::Unreadable("its output does not end".to_owned()));
        };
        if status.success() {
            Ok(stdout)
        } else {
            Err(Trouble::of(status.code(), &stdout, &stderr))
        }
    }
}

/// All that comes out of a pipe, once it ends.
fn reader(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// The exit status of a process, or `None` if it still runs at the end of its time.
fn wait(child: &mut Child, end: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_millis(2);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => thread::sleep(pause),
            _ => return None,
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// A running cluster during one look: every request is made once, however many checks ask for its answer, and no container runs two JVMs at
/// the same time.
pub(super) struct Cluster<'a> {
    kubectl: &'a Kubectl,
    token: &'a str,
    answers: Mutex<BTreeMap<Request, Arc<OnceLock<Answer>>>>,
    /// By namespace and pod: its holder runs a JVM there.
    containers: Mutex<BTreeMap<(String, String), Turn>>,
}

type Turn = Arc<Mutex<()>>;

type Answer = Result<Arc<str>, Trouble>;

impl<'a> Cluster<'a> {
    /// `token` tells this run from others.
    pub(super) fn new(kubectl: &'a Kubectl, token: &'a str) -> Self {
        Self {
            kubectl,
            token,
            answers: Mutex::default(),
            containers: Mutex::default(),
        }
    }
}

impl Live for Cluster<'_> {
    fn ask(&self, request: &Request) -> Answer {
        let cell = lock(&self.answers).entry(request.clone()).or_default().clone();
        let answer = cell.get_or_init(|| {
            let container = match request {
                Request::Exec {
                    pod,
                    weight: Weight::Java,
                    ..
                } => {
                    let key = (pod.namespace.clone(), pod.pod.clone());
                    Some(lock(&self.containers).entry(key).or_default().clone())
                }
                _ => None,
            };
            let _alone = container.as_deref().map(lock);
            self.kubectl.run(&request.arguments(), request.input()).map(Arc::from)
        });
        answer.clone()
    }

    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    fn token(&self) -> &str {
        self.token
    }
}

impl Control for Cluster<'_> {
    fn act(&self, action: &Action) -> Result<String, Trouble> {
        self.kubectl.run(&action.arguments(), action.input())
    }

    fn look_again(&self) {
        lock(&self.answers).clear();
    }

    fn pause(&self, time: Duration) {
        thread::sleep(time);
    }
}

/// Ends the run before anything else if kubectl or the cluster cannot be used: with a stack for this version of Kubernetes.
pub(super) fn reachable(cluster: &Cluster<'_>, kubernetes: Kubernetes) -> Result<(), Failure> {
    let answer = cluster.ask(&Request::Versions).map_err(|trouble| failure(&trouble))?;
    let version = json(&answer).map_err(|trouble| failure(&trouble))?;
    let client = version["clientVersion"]["gitVersion"].as_str().unwrap_or_default();
    if let (Some(is), Some((major, least))) = (minor(client), minor(&kubernetes.to_string())) {
        // kubectl works with API servers one minor version newer or older than itself.
        let oldest = (major, least.saturating_sub(1));
        if is < oldest {
            let oldest = format!("{}.{}", oldest.0, oldest.1);
            return Err(failure(&Trouble::OldKubectl(client.to_owned(), oldest)));
        }
    }
    if version["serverVersion"].is_null() {
        return Err(failure(&Trouble::Unreachable(
            "kubectl shows no version of it".to_owned(),
        )));
    }
    Ok(())
}

/// A trouble as an error of a verb, with what the user can do.
pub(super) fn failure(trouble: &Trouble) -> Failure {
    let failure = Failure::new(printable(trouble.to_string()));
    match trouble.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Why a verb ended early, as its error; the hint is for what took too long.
pub(super) fn stopped(stop: Stop, hint: &str) -> Failure {
    match stop {
        Stop::Trouble(trouble) => failure(&trouble),
        Stop::Impossible(why) => Failure::new(printable(why)),
        Stop::Late(what) => Failure::new(printable(what)).hint(hint),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A token for this run: the process, and when it started.
pub(super) fn token() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", since.as_millis(), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test is also a kubectl: with one of these words among its arguments it does what the word says.
    #[test]
    fn stands_in_for_kubectl() {
        let has = |word: &str| std::env::args().any(|argument| argument == word);
        if has("--stand-in=hangs") {
            thread::sleep(Duration::from_secs(600));
        } else if has("--stand-in=denies") {
            eprint(r#"Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods""#);
            std::process::exit(1);
        } else if has("--stand-in=writes-much") {
            let line = "x".repeat(99) + "\n";
            std::io::Write::write_all(&mut std::io::stdout(), line.repeat(20_000).as_bytes()).unwrap();
            std::process::exit(0);
        } else if has("--stand-in=dies") {
            std::process::exit(3);
        }
    }

    fn eprint(text: &str) {
        std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()).unwrap();
    }

    /// Whatever comes after `--` is a filter of tests that is not read as an option.
    fn acting(what: &str, limit: Duration) -> (Kubectl, Vec<String>) {
        let words = [
            "--exact",
            "cli::kubectl::tests::stands_in_for_kubectl",
            "--nocapture",
            "--",
        ];
        let kubectl = Kubectl {
            program: std::env::current_exe().unwrap().into_os_string(),
            global: words.map(OsString::from).into(),
            limit,
        };
        (kubectl, vec![format!("--stand-in={what}")])
    }

    #[test]
    fn a_call_that_hangs_is_ended() {
        let (kubectl, arguments) = acting("hangs", Duration::from_millis(700));
        let began = Instant::now();
        assert_eq!(
            kubectl.run(&arguments, None),
            Err(Trouble::TimedOut(Duration::from_millis(700)))
        );
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }

    #[test]
    fn what_it_says_and_how_it_ends_is_told() {
        let limit = Duration::from_secs(60);
        let seen = ["denies", "dies"].map(|what| {
            let (kubectl, arguments) = acting(what, limit);
            kubectl.run(&arguments, None).unwrap_err().to_string()
        });
        assert_eq!(
            seen,
            [
                r#"access denied: pods is forbidden: User "jane" cannot list resource "pods""#,
                "kubectl: exit status 3"
            ]
        );
    }

    #[test]
    fn an_answer_longer_than_a_pipe_holds_is_read() {
        let (kubectl, arguments) = acting("writes-much", Duration::from_secs(60));
        assert!(kubectl.run(&arguments, None).unwrap().len() >= 2_000_000);
    }

    #[test]
    fn a_kubectl_that_is_not_there_is_told() {
        let kubectl = Kubectl {
            program: "no-such-kubectl".into(),
            global: Vec::new(),
            limit: Duration::from_secs(60),
        };
        let trouble = kubectl.run(&[], None).unwrap_err();
        assert_eq!(
            trouble.to_string(),
            "cannot run kubectl: there is no `no-such-kubectl` on the PATH"
        );
    }

    #[test]
    fn an_answer_that_is_not_what_was_asked_for_is_told() {
        let (kubectl, _) = acting("nothing", Duration::from_secs(60));
        let cluster = Cluster::new(&kubectl, "x");
        // The test itself prints what a test prints: not JSON.
        let live: &dyn Live = &cluster;
        let trouble = live.list("pods", "kafka").unwrap_err().to_string();
        assert!(trouble.starts_with("unexpected answer: not JSON: "), "{trouble}");
    }

    #[test]
    fn which_cluster_comes_first_and_paths_stay_as_they_are() {
        let access = |kubeconfig: &str| Access {
            context: Some("prod eu".to_owned()),
            kubeconfig: Some(PathBuf::from(kubeconfig)),
        };
        let words = |kubeconfig: &str| {
            Kubectl::new(&access(kubeconfig), CALL).words(&Request::Namespace("kafka".to_owned()).arguments())
        };
        let expected = |file: &str| {
            let file = format!("--kubeconfig={file}");
            [
                "kubectl",
                &file,
                "--context=prod eu",
                "get",
                "namespace",
                "kafka",
                "--output=json",
            ]
            .map(OsString::from)
        };
        for file in [r"C:\Users\Jane Doe\.kube\config", "/home/jane/my kube/config"] {
            assert_eq!(words(file), expected(file));
        }
    }

    #[test]
    fn durations_have_a_unit() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("2m", Some(120)),
            ("1h", Some(3600)),
            ("0s", None),
            ("5", None),
            ("m", None),
            ("", None),
            ("-1s", None),
        ] {
            assert_eq!(duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
