//! What an expression asks for, judged before Prometheus sees it.
//!
//! The expression is parsed and walked once. Each part has a [`Shape`]: the labels that its series have and the bounds of their
//! values. What cannot be known is taken to be possible, so that every flaw is one.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::{
    label::{Labels, MatchOp, Matcher},
    parser::{
        AggregateExpr, BinModifier, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality, VectorSelector,
    },
};

use super::scrape::{CLUSTER, INTERVAL, Series, Sources};
use crate::{
    diagnostics::{Rule, rules::observability as rules},
    metrics::Kind,
    promql::parse,
};

/// Something wrong with an alert: the rule that it breaks, what is wrong, and how it is mended.
#[derive(Debug)]
pub(super) struct Flaw {
    pub rule: &'static Rule,
    pub message: String,
    pub hint: String,
}

/// What was learnt of an expression.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub flaws: Vec<Flaw>,
    /// The names of its metrics.
    pub metrics: BTreeSet<String>,
    /// The labels that every series of the result has, unless they are not known.
    pub labels: Option<BTreeSet<String>>,
}

/// What the parser knows and a Prometheus without feature flags does not.
const EXPERIMENTAL: &[&str] = &[
    "double_exponential_smoothing",
    "first_over_time",
    "histogram_quantiles",
    "info",
    "integral",
    "limit_ratio",
    "limitk",
    "mad_over_time",
    "max_of",
    "min_of",
    "sort_by_label",
    "sort_by_label_desc",
    "start_timestamp",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
    "xdelta",
    "xincrease",
    "xrate",
];

/// Judges the expression of an alert.
pub(super) fn judge(expression: &str, sources: &Sources) -> Judgement {
    let mut judge = Judge {
        sources,
        judgement: Judgement::default(),
    };
    match parse(expression) {
        Err(error) => judge.flaw(
            &rules::EXPRESSION,
            format!("Prometheus cannot parse it: {error}"),
            "correct the expression in `Alert::new(…)`",
        ),
        Ok(parsed) => {
            let shape = judge.expression(&parsed, Use::Value);
            if !shape.conditional && !shape.open {
                judge.flaw(
                    &rules::COMPARISON,
                    "it compares nothing: it holds as long as its series exist",
                    "compare it with the value from which on something is wrong",
                );
            }
            judge.judgement.labels = shape
                .labels
                .filter(|_| !shape.open)
                .map(|labels| labels.into_keys().collect());
        }
    }
    judge.judgement
}

/// Labels, with their values where a matcher pins them.
type LabelSet = BTreeMap<String, Option<String>>;

/// What a part of an expression is.
#[derive(Clone, Debug)]
struct Shape {
    bounds: (f64, f64),
    /// None for a number.
    labels: Option<LabelSet>,
    /// Whether there may be labels that are not known.
    open: bool,
    /// Whether it can be empty, or not, by what happens: something compares or selects a state.
    conditional: bool,
}

const ANYTHING: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
const NOT_NEGATIVE: (f64, f64) = (0.0, f64::INFINITY);

impl Shape {
    const fn number(bounds: (f64, f64)) -> Self {
        Self {
            bounds,
            labels: None,
            open: false,
            conditional: false,
        }
    }

    const fn unknown() -> Self {
        Self {
            bounds: ANYTHING,
            labels: Some(LabelSet::new()),
            open: true,
            conditional: true,
        }
    }

    const fn within(mut self, bounds: (f64, f64)) -> Self {
        self.bounds = bounds;
        self
    }

    fn has(&self, label: &str) -> bool {
        self.open || self.labels.as_ref().is_some_and(|labels| labels.contains_key(label))
    }
}

/// What the surrounding function makes of a series.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Its value as it is.
    Value,
    /// Its growth, with restarts.
    Growth,
    /// Its change up and down.
    Change,
    /// That it is there.
    Presence,
}

struct Judge<'a> {
    sources: &'a Sources,
    judgement: Judgement,
}

impl Judge<'_> {
    fn flaw(&mut self, rule: &'static Rule, message: impl Into<String>, hint: impl Into<String>) {
        self.judgement.flaws.push(Flaw {
            rule,
            message: message.into(),
            hint: hint.into(),
        });
    }

    /// Prometheus refuses the whole file for what it cannot read, so what only some can read is a flaw.
    fn dialect(&mut self, what: &str) {
        self.flaw(
            &rules::EXPRESSION,
            format!("Prometheus without feature flags cannot read {what}"),
            "say it in plain PromQL in `Alert::new(…)`",
        );
    }

    fn stable(&mut self, name: &str) {
        if EXPERIMENTAL.contains(&name) {
            self.dialect(&format!("`{name}`"));
        }
    }

    fn expression(&mut self, expression: &Expr, how: Use) -> Shape {
        match expression {
            Expr::NumberLiteral(number) => Shape::number((number.val, number.val)),
            Expr::StringLiteral(_) => Shape::number(ANYTHING),
            Expr::Paren(inner) => self.expression(&inner.expr, how),
            Expr::Unary(inner) => {
                let shape = self.expression(&inner.expr, Use::Value);
                let (least, most) = shape.bounds;
                shape.within((-most, -least))
            }
            Expr::VectorSelector(selector) => self.selector(selector, how),
            Expr::MatrixSelector(matrix) => {
                let shape = self.selector(&matrix.vs, how);
                let range = u64::try_from(matrix.range.as_millis()).unwrap_or(u64::MAX);
                if range < 2 * INTERVAL.as_millis() {
                    let name = matrix.vs.name.as_deref().unwrap_or_default();
                    self.flaw(
                        &rules::TIMES,
                        format!(
                            "a range of {} s over `{name}`, which is scraped every {INTERVAL}",
                            range / 1000
                        ),
                        "use `[5m]`: a rate needs two samples, and should survive missed scrapes",
                    );
                }
                shape
            }
            Expr::Subquery(inner) => self.expression(&inner.expr, how),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, how),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Call(call) => self.call(call),
            Expr::Extension(_) => Shape::unknown(),
        }
    }

    fn selector(&mut self, selector: &VectorSelector, how: Use) -> Shape {
        let matchers = &selector.matchers.matchers;
        if !selector.matchers.or_matchers.is_empty() {
            self.dialect("`or` between matchers");
            return Shape::unknown();
        }
        let Some(name) = selector.name.as_deref() else {
            self.flaw(
                &rules::METRIC,
                "a selector without the name of a metric",
                "name the metric before the `{`",
            );
            return Shape::unknown();
        };
        self.judgement.metrics.insert(name.to_owned());
        let sources = self.sources;
        let Some(series) = sources.find(name) else {
            let near = similar(name, &sources.names());
            self.flaw(
                &rules::METRIC,
                format!("nothing in this stack exports `{name}`"),
                match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "name a metric of `kafka_stacks::metrics`, or declare who exports it: `Monitoring::foreign(…)`"
                            .to_owned()
                    }
                },
            );
            return Shape::unknown();
        };
        self.kind(name, &series, how);
        for matcher in matchers {
            self.matcher(name, &series, matcher);
        }
        let names_place = |label: &str| matchers.iter().any(|matcher| matcher.name == label);
        let place = if series.ours { CLUSTER } else { "namespace" };
        let of_kubernetes = series.metric.is_some();
        if of_kubernetes && !names_place(place) {
            let value = if series.ours {
                &sources.cluster
            } else {
                &sources.namespace
            };
            self.flaw(
                &rules::EVERY_CLUSTER,
                format!("`{name}` is asked of every cluster that Prometheus scrapes"),
                format!("use `{name}{{{place}=\"{value}\"}}`"),
            );
        }
        let mut labels: LabelSet = series.labels.iter().map(|label| ((*label).to_owned(), None)).collect();
        for matcher in matchers.iter().filter(|matcher| matches!(matcher.op, MatchOp::Equal)) {
            labels.insert(matcher.name.clone(), Some(matcher.value.clone()));
        }
        Shape {
            bounds: series.bounds,
            labels: Some(labels),
            open: false,
            // A series that is only there in a certain state, as `status="failed"`.
            conditional: series.bounds == (1.0, 1.0)
                && matchers.iter().any(|matcher| {
                    series
                        .metric
                        .is_some_and(|metric| metric.labels().contains(&matcher.name.as_str()))
                }),
        }
    }

    fn kind(&mut self, name: &str, series: &Series<'_>, how: Use) {
        match (series.kind, how) {
            (Kind::Counter, Use::Value | Use::Change) => self.flaw(
                &rules::COUNTER,
                format!("`{name}` only grows, and is read as if it also fell"),
                format!("use `rate({name}[5m])` or `increase({name}[5m])`"),
            ),
            (Kind::Gauge, Use::Growth) => self.flaw(
                &rules::COUNTER,
                format!("`{name}` goes up and down, and is read as if it only grew"),
                format!("use `{name}` as it is, or `deriv({name}[5m])`"),
            ),
            _ => {}
        }
    }

    fn matcher(&mut self, name: &str, series: &Series<'_>, matcher: &Matcher) {
        let label = matcher.name.as_str();
        if !series.labels.contains(&label) {
            self.flaw(
                &rules::LABEL,
                format!("`{name}` has no label `{label}`"),
                format!("its labels are `{}`", series.labels.join("`, `")),
            );
            return;
        }
        let sources = self.sources;
        let values: Vec<String> = match label {
            "job" if !series.jobs.is_empty() => series.jobs.iter().map(|job| (*job).to_owned()).collect(),
            CLUSTER if series.ours => vec![sources.cluster.clone()],
            "namespace" if series.metric.is_some() => vec![sources.namespace.clone()],
            "persistentvolumeclaim" if !sources.claims.is_empty() => sources.claims.clone(),
            _ => match series.metric.and_then(|metric| metric.values(label)) {
                Some(values) => values,
                None => return,
            },
        };
        if !values.iter().any(|value| matcher.is_match(value)) {
            self.flaw(
                &rules::MATCHER,
                format!("no series of `{name}` has `{matcher}`"),
                match label {
                    "persistentvolumeclaim" => {
                        let sets = values.iter().filter_map(|value| value.rsplit_once('-'));
                        let mut first: Vec<String> = sets.map(|(claims, _)| format!("`{claims}-…`")).collect();
                        first.dedup();
                        format!("the volumes are {}, with the number of the node", first.join(", "))
                    }
                    _ => format!("its values are `{}`", values.join("`, `")),
                },
            );
        }
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr, how: Use) -> Shape {
        let operator = aggregate.op.to_string();
        self.stable(&operator);
        let inner = if matches!(operator.as_str(), "count" | "group" | "count_values") {
            Use::Presence
        } else {
            how
        };
        let shape = self.expression(&aggregate.expr, inner);
        if let Some(parameter) = &aggregate.param {
            self.expression(parameter, Use::Value);
        }
        let (least, most) = shape.bounds;
        let bounds = match operator.as_str() {
            "count" | "count_values" => (1.0, f64::INFINITY),
            "group" => (1.0, 1.0),
            "sum" => (
                if least >= 0.0 { least } else { f64::NEG_INFINITY },
                if most <= 0.0 { most } else { f64::INFINITY },
            ),
            "stddev" | "stdvar" => NOT_NEGATIVE,
            _ => (least, most),
        };
        if matches!(operator.as_str(), "topk" | "bottomk" | "limitk" | "limit_ratio") {
            return shape;
        }
        let labels = match &aggregate.modifier {
            None => LabelSet::new(),
            Some(LabelModifier::Include(by)) => {
                for label in by.labels.iter().filter(|label| !shape.has(label)) {
                    self.missing_label(label, &shape, &format!("`{operator} by`"));
                }
                of(&shape, by, true)
            }
            Some(LabelModifier::Exclude(without)) => of(&shape, without, false),
        };
        Shape {
            bounds,
            labels: Some(labels),
            open: shape.open && !matches!(aggregate.modifier, None | Some(LabelModifier::Include(_))),
            conditional: shape.conditional,
        }
    }

    fn missing_label(&mut self, label: &str, shape: &Shape, whose: &str) {
        let known: Vec<&str> = shape
            .labels
            .iter()
            .flat_map(LabelSet::keys)
            .map(String::as_str)
            .collect();
        self.flaw(
            &rules::LABEL,
            format!("{whose} names the label `{label}`, which is not there"),
            if known.is_empty() {
                "no label is left there".to_owned()
            } else {
                format!("what is there has `{}`", known.join("`, `"))
            },
        );
    }

    fn call(&mut self, call: &Call) -> Shape {
        let name = call.func.name;
        self.stable(name);
        let how = match name {
            "rate" | "increase" | "irate" | "resets" => Use::Growth,
            "delta" | "idelta" | "deriv" | "predict_linear" | "double_exponential_smoothing" | "holt_winters" => {
                Use::Change
            }
            "absent" | "absent_over_time" | "changes" | "count_over_time" | "present_over_time" | "timestamp" => {
                Use::Presence
            }
            _ => Use::Value,
        };
        let shapes: Vec<Shape> = call
            .args
            .args
            .iter()
            .map(|argument| self.expression(argument, how))
            .collect();
        let vector = shapes.iter().find(|shape| shape.labels.is_some()).cloned();
        let first = vector.unwrap_or_else(|| Shape::number(ANYTHING));
        let (least, most) = first.bounds;
        match name {
            "rate" | "increase" | "irate" | "resets" | "changes" | "timestamp" | "abs" => first.within(NOT_NEGATIVE),
            "time" => Shape::number(NOT_NEGATIVE),
            "vector" => Shape {
                labels: Some(LabelSet::new()),
                bounds: shapes.first().map_or(ANYTHING, |shape| shape.bounds),
                ..Shape::number(ANYTHING)
            },
            "scalar" => Shape {
                labels: None,
                open: false,
                ..first
            },
            "absent" | "absent_over_time" => Shape {
                bounds: (1.0, 1.0),
                // What the argument's own matchers pin, if it is a selector; else nothing.
                labels: Some(match call.args.args.first().map(AsRef::as_ref) {
                    Some(Expr::VectorSelector(_) | Expr::MatrixSelector(_)) => first
                        .labels
                        .unwrap_or_default()
                        .into_iter()
                        .filter(|(_, value)| value.is_some())
                        .collect(),
                    _ => LabelSet::new(),
                }),
                open: first.open,
                conditional: true,
            },
            "count_over_time" => first.within((1.0, f64::INFINITY)),
            "present_over_time" => first.within((1.0, 1.0)),
            "avg_over_time" | "min_over_time" | "max_over_time" | "last_over_time" | "quantile_over_time" | "sort"
            | "sort_desc" => first,
            "ceil" | "floor" | "round" => first.within((least.floor(), most.ceil())),
            "label_replace" | "label_join" => {
                let mut first = first;
                if let (Some(labels), Some(Expr::StringLiteral(target))) =
                    (&mut first.labels, call.args.args.get(1).map(AsRef::as_ref))
                {
                    labels.insert(target.val.clone(), None);
                }
                first
            }
            _ => first.within(ANYTHING),
        }
    }

    fn binary(&mut self, binary: &BinaryExpr) -> Shape {
        let left = self.expression(&binary.lhs, Use::Value);
        let right = self.expression(&binary.rhs, Use::Value);
        let operator = binary.op.to_string();
        let default = BinModifier {
            card: VectorMatchCardinality::OneToOne,
            matching: None,
            return_bool: false,
            fill_values: promql_parser::parser::VectorMatchFillValues::default(),
        };
        let modifier = binary.modifier.as_ref().unwrap_or(&default);
        if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
            self.dialect("`fill`");
        }
        let comparison = binary.op.is_comparison_operator();
        if comparison {
            self.comparison(binary, &operator, &left, &right);
        }
        let bounds = if comparison && modifier.return_bool {
            (0.0, 1.0)
        } else if comparison {
            kept(&operator, left.bounds, right.bounds)
        } else {
            calculated(&operator, left.bounds, right.bounds)
        };
        let conditional = left.conditional || right.conditional || (comparison && !modifier.return_bool);
        let (labels, open) = match (&left.labels, &right.labels) {
            (None, None) => (None, false),
            (Some(labels), None) => (Some(labels.clone()), left.open),
            (None, Some(labels)) => (Some(labels.clone()), right.open),
            (Some(_), Some(_)) => (
                Some(self.matched(&operator, modifier, &left, &right)),
                left.open || right.open,
            ),
        };
        Shape {
            // Without series on one side, `or` takes the other.
            conditional: match operator.as_str() {
                "or" => left.conditional && right.conditional,
                // It holds while the other side does not.
                "unless" => true,
                _ => conditional,
            },
            bounds,
            labels,
            open,
        }
    }

    /// The labels of the result of two vectors, if series of theirs can match at all.
    fn matched(&mut self, operator: &str, modifier: &BinModifier, left: &Shape, right: &Shape) -> LabelSet {
        let none = LabelSet::new();
        let (left_labels, right_labels) = (
            left.labels.as_ref().unwrap_or(&none),
            right.labels.as_ref().unwrap_or(&none),
        );
        if operator == "or" {
            return left_labels
                .iter()
                .filter(|(label, _)| right.has(label))
                .map(|(label, value)| (label.clone(), value.clone()))
                .collect();
        }
        let matching: BTreeSet<&String> = match &modifier.matching {
            Some(LabelModifier::Include(on)) => {
                for label in &on.labels {
                    for shape in [left, right].into_iter().filter(|shape| !shape.has(label)) {
                        self.missing_label(label, shape, &format!("`on` of `{operator}`"));
                    }
                }
                on.labels.iter().collect()
            }
            excluded => {
                let ignored = excluded.as_ref().map(|ignoring| &ignoring.labels().labels);
                let kept = |label: &&String| ignored.is_none_or(|ignored| !ignored.contains(label));
                let (left_only, right_only): (BTreeSet<_>, BTreeSet<_>) = (
                    left_labels.keys().filter(kept).collect(),
                    right_labels.keys().filter(kept).collect(),
                );
                if left_only != right_only && !left.open && !right.open {
                    let list = |labels: &BTreeSet<&String>| {
                        if labels.is_empty() {
                            "no label".to_owned()
                        } else {
                            format!(
                                "`{}`",
                                labels
                                    .iter()
                                    .map(|label| label.as_str())
                                    .collect::<Vec<_>>()
                                    .join("`, `")
                            )
                        }
                    };
                    self.flaw(
                        &rules::LABEL,
                        format!(
                            "the sides of `{operator}` never match: one has {}, the other {}",
                            list(&left_only),
                            list(&right_only)
                        ),
                        "aggregate both sides by the same labels, or say `on (…)`",
                    );
                }
                left_only.intersection(&right_only).copied().collect()
            }
        };
        for label in &matching {
            if let (Some(Some(one)), Some(Some(other))) = (left_labels.get(*label), right_labels.get(*label))
                && one != other
                && operator != "unless"
            {
                self.flaw(
                    &rules::LABEL,
                    format!("the sides of `{operator}` never match: `{label}` is `{one}` here and `{other}` there"),
                    format!("leave `{label}` out with `ignoring ({label})`, or aggregate it away"),
                );
            }
        }
        let with = |labels: &LabelSet, more: &Labels, from: &LabelSet| -> LabelSet {
            let more = more
                .labels
                .iter()
                .map(|label| (label.clone(), from.get(label).cloned().flatten()));
            labels.clone().into_iter().chain(more).collect()
        };
        match &modifier.card {
            VectorMatchCardinality::ManyToOne(more) => with(left_labels, more, right_labels),
            VectorMatchCardinality::OneToMany(more) => with(right_labels, more, left_labels),
            VectorMatchCardinality::ManyToMany => left_labels.clone(),
            // A comparison keeps the left side as it is; arithmetic keeps what was matched by.
            VectorMatchCardinality::OneToOne => left_labels
                .iter()
                .filter(|(label, _)| matching.contains(label))
                .map(|(label, value)| (label.clone(), value.clone()))
                .collect(),
        }
    }

    fn comparison(&mut self, binary: &BinaryExpr, operator: &str, left: &Shape, right: &Shape) {
        let outcome = outcome(operator, left.bounds, right.bounds).or_else(|| of_itself(binary, operator, left));
        let Some(holds) = outcome else { return };
        let said = binary.to_string();
        let said = if said.len() > 120 {
            format!("… {operator} {}", binary.rhs)
        } else {
            said
        };
        let range = |(least, most): (f64, f64)| match (least.is_finite(), most.is_finite()) {
            (true, true) if (most - least).abs() < f64::EPSILON => format!("is always {least}"),
            (true, true) => format!("is {least} to {most}"),
            (true, false) => format!("is {least} or more"),
            (false, true) => format!("is {most} or less"),
            (false, false) => "can be anything".to_owned(),
        };
        self.flaw(
            &rules::COMPARISON,
            format!("`{said}` {} holds", if holds { "always" } else { "never" }),
            format!("what is compared {}: choose another value", range(left.bounds)),
        );
    }
}

/// The labels of a shape that are listed, or those that are not.
fn of(shape: &Shape, list: &Labels, listed: bool) -> LabelSet {
    let none = LabelSet::new();
    shape
        .labels
        .as_ref()
        .unwrap_or(&none)
        .iter()
        .filter(|(label, _)| list.labels.contains(label) == listed)
        .map(|(label, value)| (label.clone(), value.clone()))
        .chain(
            // Where labels are not known, those that are listed may be there.
            (if shape.open && listed { &list.labels[..] } else { &[] })
                .iter()
                .map(|label| (label.clone(), None)),
        )
        .collect()
}

/// What a comparison comes to, if the bounds decide it.
fn outcome(operator: &str, left: (f64, f64), right: (f64, f64)) -> Option<bool> {
    // Nothing is greater, less or equal.
    if left.0.is_nan() || right.0.is_nan() {
        return Some(operator == "!=");
    }
    let decide = |always: bool, never: bool| match (always, never) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    match operator {
        ">" => decide(left.0 > right.1, left.1 <= right.0),
        ">=" => decide(left.0 >= right.1, left.1 < right.0),
        "<" => decide(left.1 < right.0, left.0 >= right.1),
        "<=" => decide(left.1 <= right.0, left.0 > right.1),
        "==" | "!=" => {
            let apart = left.1 < right.0 || right.1 < left.0;
            #[expect(clippy::float_cmp, reason = "bounds, not results: the same numbers or not")]
            let same = left.0 == left.1 && left == right;
            decide(same, apart).map(|equal| equal == (operator == "=="))
        }
        _ => None,
    }
}

/// What comes of comparing a quantity with a multiple of itself, as `N > 2 * N`.
fn of_itself(binary: &BinaryExpr, operator: &str, left: &Shape) -> Option<bool> {
    let (one, times) = multiple(&binary.lhs);
    let (other, factor) = multiple(&binary.rhs);
    // A number is not a quantity that changes.
    if one.to_string() != other.to_string() || left.labels.is_none() || left.bounds.0 < 0.0 {
        return None;
    }
    match operator {
        ">" if times <= factor => Some(false),
        "<" if times >= factor => Some(false),
        ">=" if times >= factor => Some(true),
        "<=" if times <= factor => Some(true),
        _ => None,
    }
}

/// An expression as a quantity and how often it is taken.
fn multiple(expression: &Expr) -> (&Expr, f64) {
    match expression {
        Expr::Paren(inner) => multiple(&inner.expr),
        Expr::Binary(binary) if binary.op.to_string() == "*" => match (binary.lhs.as_ref(), binary.rhs.as_ref()) {
            (Expr::NumberLiteral(number), other) | (other, Expr::NumberLiteral(number)) => {
                let (inner, times) = multiple(other);
                (inner, times * number.val)
            }
            _ => (expression, 1.0),
        },
        _ => (expression, 1.0),
    }
}

/// The bounds of what a comparison lets pass.
fn kept(operator: &str, (least, most): (f64, f64), right: (f64, f64)) -> (f64, f64) {
    match operator {
        ">" | ">=" => (least.max(right.0), most),
        "<" | "<=" => (least, most.min(right.1)),
        "==" => (least.max(right.0), most.min(right.1)),
        _ => (least, most),
    }
}

/// The bounds of what an operator makes of two values.
fn calculated(operator: &str, left: (f64, f64), right: (f64, f64)) -> (f64, f64) {
    let of_corners = |operation: fn(f64, f64) -> f64| {
        let corners = [
            (left.0, right.0),
            (left.0, right.1),
            (left.1, right.0),
            (left.1, right.1),
        ];
        // 0 times infinity: a bound that is never reached.
        let results = corners.map(|(a, b)| Some(operation(a, b)).filter(|result| !result.is_nan()).unwrap_or(0.0));
        (
            results.into_iter().fold(f64::INFINITY, f64::min),
            results.into_iter().fold(f64::NEG_INFINITY, f64::max),
        )
    };
    match operator {
        "+" => (left.0 + right.0, left.1 + right.1),
        "-" => (left.0 - right.1, left.1 - right.0),
        "*" => of_corners(|a, b| a * b),
        // By something of one sign. By zero, Prometheus gives infinity, which the bounds of the quotient reach.
        "/" if right.0 > 0.0 || right.1 < 0.0 => of_corners(|a, b| a / b),
        "/" if left.0 >= 0.0 && right.0 >= 0.0 => NOT_NEGATIVE,
        "and" | "unless" => left,
        "or" => (left.0.min(right.0), left.1.max(right.1)),
        _ => ANYTHING,
    }
}

/// The known name that is most like an unknown one: the one with which it shares most of its parts.
fn similar<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let parts = |name: &str| -> BTreeSet<String> { name.to_ascii_lowercase().split('_').map(str::to_owned).collect() };
    let wanted = parts(name);
    known
        .iter()
        .map(|candidate| {
            let candidate_parts = parts(candidate);
            let shared = wanted.intersection(&candidate_parts).count();
            // The last part tells metrics of one bean apart.
            let begins = candidate_parts
                .iter()
                .any(|part| part.len() > 4 && wanted.iter().any(|w| w != part && w.starts_with(part.as_str())));
            (
                2 * shared + usize::from(begins),
                std::cmp::Reverse(candidate_parts.len()),
                *candidate,
            )
        })
        .max()
        .filter(|(shared, _, _)| shared / 2 >= 3)
        .map(|(_, _, candidate)| candidate)
}
