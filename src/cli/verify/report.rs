//! What `verify` saw, as text, JSON, or `JUnit` XML.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::output::{Format, Output, Paint},
    operate::verify::Verdict,
};

/// The results of all checks, in their order.
pub(super) struct Report {
    pub(super) stack: String,
    pub(super) looked: Vec<Looked>,
}

/// The result of one check.
pub(super) struct Looked {
    pub(super) check: String,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
}

/// The report of `verify --format json`.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "kafka-stacks verify")]
pub(crate) struct Document {
    /// The version of the format: raised when a key changes its meaning or is removed. New keys may be added at any time.
    format_version: u32,
    /// The stack.
    stack: String,
    /// How many checks passed.
    passed: usize,
    /// How many found something that is not as declared.
    failed: usize,
    /// How many could not tell.
    unknown: usize,
    /// Each check, in a fixed order.
    checks: Vec<Entry>,
}

/// One check.
#[derive(Serialize, JsonSchema)]
struct Entry {
    /// Its name, such as `topics/kafka-topics`.
    check: String,
    /// What it found.
    result: ResultOf,
    /// What was seen: a line for each difference where it failed, the reason where it could not tell.
    seen: Vec<String>,
    /// How long it took.
    milliseconds: u64,
}

/// The result of a check.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ResultOf {
    /// All is as declared.
    Passed,
    /// Something is not.
    Failed,
    /// It cannot be told.
    Unknown,
}

impl Looked {
    fn result(&self) -> ResultOf {
        match self.verdict {
            Verdict::Healthy(_) => ResultOf::Passed,
            Verdict::Unhealthy(_) => ResultOf::Failed,
            Verdict::Unknown(_) => ResultOf::Unknown,
        }
    }

    fn seen(&self) -> Vec<String> {
        match &self.verdict {
            Verdict::Healthy(seen) | Verdict::Unknown(seen) => vec![seen.clone()],
            Verdict::Unhealthy(seen) => seen.clone(),
        }
    }
}

impl Report {
    pub(super) fn write(&self, output: &mut Output<'_>) -> anyhow::Result<()> {
        match output.format() {
            Format::Json => {
                let document = serde_json::to_value(self.document())?;
                output.json(document)
            }
            Format::Junit => output.data([self.junit().as_str()]),
            _ => output.data([self.text(output.data_paint()).as_str()]),
        }
    }

    /// Passed, failed, and unknown.
    fn counts(&self) -> [usize; 3] {
        [
            self.count(|verdict| matches!(verdict, Verdict::Healthy(_))),
            self.count(|verdict| matches!(verdict, Verdict::Unhealthy(_))),
            self.count(|verdict| matches!(verdict, Verdict::Unknown(_))),
        ]
    }

    /// A line for each check, and one for each further difference.
    fn text(&self, paint: Paint) -> String {
        let width = self
            .looked
            .iter()
            .map(|one| one.check.chars().count())
            .max()
            .unwrap_or_default();
        let mut text = String::new();
        for one in &self.looked {
            let word = match one.result() {
                ResultOf::Passed => paint.faint("ok  "),
                ResultOf::Failed => paint.error("FAIL"),
                ResultOf::Unknown => paint.warning("?   "),
            };
            let seen = one.seen();
            let (first, others) = seen
                .split_first()
                .map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
            let took = paint.faint(&format!("{:5.1} s", one.took.as_secs_f64()));
            text += &format!("{word} {took}  {:width$}  {first}\n", one.check);
            for other in others {
                text += &format!("{:14}{:width$}  {other}\n", "", "");
            }
        }
        let [passed, failed, unknown] = self.counts();
        text += &format!("{passed} passed, {failed} failed");
        if unknown > 0 {
            text += &format!(", {unknown} unknown");
        }
        text + "\n"
    }

    fn document(&self) -> Document {
        let [passed, failed, unknown] = self.counts();
        let entry = |one: &Looked| Entry {
            check: one.check.clone(),
            result: one.result(),
            seen: one.seen(),
            milliseconds: u64::try_from(one.took.as_millis()).unwrap_or(u64::MAX),
        };
        Document {
            format_version: crate::cli::output::FORMAT_VERSION,
            stack: self.stack.clone(),
            passed,
            failed,
            unknown,
            checks: self.looked.iter().map(entry).collect(),
        }
    }

    /// As test systems read it: what differs is a failure, and what cannot be told is an error.
    fn junit(&self) -> String {
        let [_, failed, unknown] = self.counts();
        let (stack, tests) = (escaped(&self.stack), self.looked.len());
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuites>\n  <testsuite name=\"{stack}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"{unknown}\">\n"
        );
        for one in &self.looked {
            let seen = one.seen();
            let all = escaped(&seen.join("\n"));
            let first = escaped(seen.first().map(String::as_str).unwrap_or_default());
            let inner = match one.result() {
                ResultOf::Passed => format!("<system-out>{all}</system-out>"),
                ResultOf::Failed => format!("<failure message=\"{first}\">{all}</failure>"),
                ResultOf::Unknown => format!("<error message=\"{first}\">{all}</error>"),
            };
            text += &format!(
                "    <testcase classname=\"{stack}\" name=\"{}\" time=\"{:.3}\">{inner}</testcase>\n",
                escaped(&one.check),
                one.took.as_secs_f64(),
            );
        }
        text + "  </testsuite>\n</testsuites>\n"
    }
}

/// Text for XML. Characters that XML cannot have at all become `?`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let looked = |check: &str, verdict, millis| Looked {
            check: check.to_owned(),
            verdict,
            took: Duration::from_millis(millis),
        };
        Report {
            stack: "prod".to_owned(),
            looked: vec![
                looked("pods/kafka", Verdict::Healthy("3 of 3 ready".to_owned()), 412),
                looked(
                    "topics/kafka-topics",
                    Verdict::Unhealthy(vec![
                        "`a<b> & \"c\"` does not exist".to_owned(),
                        "`x` has 3 partitions, and 12 are declared".to_owned(),
                    ]),
                    2_150,
                ),
                looked("metrics", Verdict::Unknown("access denied: no".to_owned()), 12_000),
            ],
        }
    }

    #[test]
    fn a_check_is_a_line_and_each_further_difference_is_one() {
        insta::assert_snapshot!(report().text(Paint::PLAIN), @r#"
        ok     0.4 s  pods/kafka           3 of 3 ready
        FAIL   2.1 s  topics/kafka-topics  `a<b> & "c"` does not exist
                                           `x` has 3 partitions, and 12 are declared
        ?     12.0 s  metrics              access denied: no
        1 passed, 1 failed, 1 unknown
        "#);
    }

    #[test]
    fn junit_is_valid_whatever_was_seen() {
        insta::assert_snapshot!(report().junit(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites>
          <testsuite name="prod" tests="3" failures="1" errors="1">
            <testcase classname="prod" name="pods/kafka" time="0.412"><system-out>3 of 3 ready</system-out></testcase>
            <testcase classname="prod" name="topics/kafka-topics" time="2.150"><failure message="`a&lt;b&gt; &amp; &quot;c&quot;` does not exist">`a&lt;b&gt; &amp; &quot;c&quot;` does not exist&#10;`x` has 3 partitions, and 12 are declared</failure></testcase>
            <testcase classname="prod" name="metrics" time="12.000"><error message="access denied: no">access denied: no</error></testcase>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn what_xml_cannot_have_is_replaced() {
        assert_eq!(escaped("a\u{1b}[1m<\u{0}\t'\"ü"), "a?[1m&lt;?&#9;'&quot;ü");
    }

    #[test]
    fn json_has_what_the_schema_says() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&report().document()).unwrap(), @r#"
        {
          "format_version": 2,
          "stack": "prod",
          "passed": 1,
          "failed": 1,
          "unknown": 1,
          "checks": [
            {
              "check": "pods/kafka",
              "result": "passed",
              "seen": [
                "3 of 3 ready"
              ],
              "milliseconds": 412
            },
            {
              "check": "topics/kafka-topics",
              "result": "failed",
              "seen": [
                "`a<b> & \"c\"` does not exist",
                "`x` has 3 partitions, and 12 are declared"
              ],
              "milliseconds": 2150
            },
            {
              "check": "metrics",
              "result": "unknown",
              "seen": [
                "access denied: no"
              ],
              "milliseconds": 12000
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_failure_counts_before_what_cannot_be_told() {
        use crate::cli::Outcome;
        let mut one = report();
        assert_eq!(one.outcome(), Outcome::Differs);
        one.looked.remove(1);
        assert_eq!(one.outcome(), Outcome::Failed);
        one.looked.remove(1);
        assert_eq!(one.outcome(), Outcome::Done);
    }
}
