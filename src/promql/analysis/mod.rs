//! The analysis of an expression: finds mistakes that Prometheus accepts.
//!
//! The expression is parsed and walked once. Each part has an [`ExprType`]: the labels that its series have, and the
//! bounds of their values. Anything unknown is assumed to be possible, so everything that is reported is certainly
//! wrong.

pub(super) mod bounds;
mod labels;

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::{
    label::{MatchOp, Matcher},
    parser::{AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, MatrixSelector, VectorSelector},
};

use self::{
    bounds::{Bounds, Comparison},
    labels::LabelSet,
};
use super::{Catalog, Lookup, MetricType, Series, Style, catalog::list, parse};
use crate::{
    diagnostics::{Diagnostic, Rule, rules::observability as rules},
    quantity::Duration,
};

/// The result of the analysis.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub diagnostics: Vec<Diagnostic>,
    /// The names of its metrics.
    pub metrics: BTreeSet<String>,
    /// The labels that every series of the result has, unless they are not known.
    pub labels: Option<BTreeSet<String>>,
    /// The labels of the result whose value is known.
    pub values: BTreeMap<String, String>,
    /// Between which numbers the result lies.
    pub bounds: Bounds,
    /// The shortest time between two samples of its metrics, where it is known of one.
    pub interval: Option<Duration>,
    /// Whether values decide if the result is empty: something is compared, or a state is selected.
    pub conditional: bool,
}

/// Functions that the parser accepts, but not a Prometheus without feature flags.
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

/// Analyzes an expression over the metrics of a catalog.
pub(crate) fn analyze(expression: &str, catalog: &dyn Catalog) -> Analysis {
    match parse(expression) {
        Ok(parsed) => analyze_parsed(&parsed, catalog),
        Err(error) => {
            let mut diagnostic = Diagnostic::new(&rules::EXPRESSION, format!("not valid PromQL: {error}"));
            diagnostic.hint("correct the expression");
            Analyzer::of(catalog).finish(ExprType::unknown(), Some(diagnostic))
        }
    }
}

/// The same of an expression that was parsed before.
pub(crate) fn analyze_parsed(expression: &Expr, catalog: &dyn Catalog) -> Analysis {
    let mut analyzer = Analyzer::of(catalog);
    let result = analyzer.expression(expression, Usage::Value);
    analyzer.finish(result, None)
}

/// The result of a part of an expression, as far as it is known.
#[derive(Clone, Debug)]
struct ExprType {
    bounds: Bounds,
    /// `None` for a scalar.
    labels: Option<LabelSet>,
    /// Whether values decide if it is empty: something is compared, or a state is selected.
    conditional: bool,
    /// The most pods that its series are of, where they are of one job.
    pods: Option<u32>,
}

impl ExprType {
    const fn scalar(bounds: Bounds) -> Self {
        Self {
            bounds,
            labels: None,
            conditional: false,
            pods: None,
        }
    }

    fn unknown() -> Self {
        Self {
            bounds: Bounds::ANY,
            labels: Some(LabelSet::unknown()),
            conditional: true,
            pods: None,
        }
    }

    const fn within(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }
}

/// What the surrounding function does with a series.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Usage {
    /// Reads its value as it is.
    Value,
    /// Measures its growth and expects resets.
    Growth,
    /// Measures its change up and down.
    Change,
    /// Uses only whether it exists.
    Presence,
}

struct Analyzer<'a> {
    catalog: &'a dyn Catalog,
    diagnostics: Vec<Diagnostic>,
    metrics: BTreeSet<String>,
    interval: Option<Duration>,
}

impl<'a> Analyzer<'a> {
    const fn of(catalog: &'a dyn Catalog) -> Self {
        Self {
            catalog,
            diagnostics: Vec::new(),
            metrics: BTreeSet::new(),
            interval: None,
        }
    }

    fn finish(mut self, result: ExprType, more: Option<Diagnostic>) -> Analysis {
        self.diagnostics.extend(more);
        let labels = result.labels.as_ref().and_then(LabelSet::names);
        Analysis {
            diagnostics: self.diagnostics,
            metrics: self.metrics,
            labels,
            values: result.labels.map(LabelSet::values).unwrap_or_default(),
            bounds: result.bounds,
            interval: self.interval,
            conditional: result.conditional,
        }
    }

    fn report(
        &mut self,
        rule: &'static Rule,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<&mut Diagnostic> {
        let mut diagnostic = Diagnostic::new(rule, message);
        diagnostic.hint(hint);
        self.diagnostics.push(diagnostic);
        self.diagnostics.last_mut()
    }

    /// Prometheus rejects the whole file if one expression uses an unknown feature, so features behind a flag are
    /// errors.
    fn report_experimental(&mut self, what: &str) {
        if self.catalog.style() == Style::Free {
            return;
        }
        self.report(
            &rules::EXPRESSION,
            format!("{what} is not available in Prometheus without feature flags"),
            "use only stable PromQL",
        );
    }

    fn check_stable(&mut self, function: &str) {
        if EXPERIMENTAL.contains(&function) {
            self.report_experimental(&format!("`{function}`"));
        }
    }

    fn expression(&mut self, expression: &Expr, usage: Usage) -> ExprType {
        match expression {
            Expr::NumberLiteral(number) => ExprType::scalar(Bounds::exactly(number.val)),
            Expr::StringLiteral(_) => ExprType::scalar(Bounds::ANY),
            Expr::Paren(inner) => self.expression(&inner.expr, usage),
            Expr::Unary(inner) => {
                let operand = self.expression(&inner.expr, Usage::Value);
                let bounds = operand.bounds.negated();
                operand.within(bounds)
            }
            Expr::VectorSelector(selector) => self.selector(selector, usage).0,
            Expr::MatrixSelector(matrix) => self.range(matrix, usage),
            Expr::Subquery(inner) => self.expression(&inner.expr, usage),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, usage),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Call(call) => self.call(call),
            Expr::Extension(_) => ExprType::unknown(),
        }
    }

    fn range(&mut self, matrix: &MatrixSelector, usage: Usage) -> ExprType {
        let range = u64::try_from(matrix.range.as_millis()).unwrap_or(u64::MAX);
        let (selected, interval) = self.selector(&matrix.vs, usage);
        let samples = match usage {
            Usage::Growth | Usage::Change => 2,
            Usage::Value | Usage::Presence => 1,
        };
        if let Some(interval) = interval
            && range < samples * interval.as_millis()
        {
            let name = matrix.vs.name.as_deref().unwrap_or_default();
            let (least, needs) = if samples == 2 {
                (
                    "two scrape intervals",
                    "a rate needs two samples, and should survive missed scrapes",
                )
            } else {
                ("the scrape interval", "it is empty between two scrapes")
            };
            self.report(
                &rules::TIMES,
                format!(
                    "range of {} s over `{name}` is shorter than {least} of {interval}",
                    range / 1000
                ),
                format!("use `[5m]`: {needs}"),
            );
        }
        selected
    }

    /// What a selector selects, and the time between two samples of it where that is known.
    fn selector(&mut self, selector: &VectorSelector, usage: Usage) -> (ExprType, Option<Duration>) {
        let unknown = || (ExprType::unknown(), None);
        let catalog = self.catalog;
        let matchers = &selector.matchers.matchers;
        if !selector.matchers.or_matchers.is_empty() {
            self.report_experimental("`or` between matchers");
            return unknown();
        }
        let Some(name) = selector.name.as_deref() else {
            if catalog.style() == Style::Own {
                self.report(
                    &rules::METRIC,
                    "selector without a metric name",
                    "add the name of the metric before `{`",
                );
            }
            return unknown();
        };
        self.metrics.insert(name.to_owned());
        let series = match catalog.series(name) {
            Lookup::Known(series) => series,
            Lookup::Missing => {
                self.missing(name);
                return unknown();
            }
            Lookup::Unknown => return unknown(),
        };
        if let Some(metric_type) = series.metric_type {
            self.check_type(name, metric_type, usage);
        }
        for matcher in matchers {
            self.check_matcher(name, &series, matcher);
        }
        // Prometheus renames a label of the series that the scrape has too, unless the scrape job has `honorLabels`.
        let is_of = |matcher: &Matcher, label| {
            [Some(matcher.name.as_str()), matcher.name.strip_prefix("exported_")].contains(&Some(label))
        };
        if let Some((label, value)) = series.scope
            && !matchers.iter().any(|matcher| is_of(matcher, label))
        {
            self.report(
                &rules::EVERY_CLUSTER,
                format!("`{name}` matches every scraped cluster"),
                format!("use `{name}{{{label}=\"{value}\"}}`"),
            );
        }
        let mut labels = LabelSet::new(series.labels.iter().map(|label| label.name), series.open);
        for matcher in matchers.iter().filter(|matcher| matches!(matcher.op, MatchOp::Equal)) {
            labels.set(&matcher.name, Some(&matcher.value));
        }
        let selects_state = |matcher: &Matcher| series.label(&matcher.name).is_some_and(|label| label.is_state);
        self.interval = self.interval.into_iter().chain(series.interval).min();
        let pods = labels.value("job").and_then(|job| catalog.pods_of(job)).map(|pods| {
            let of_pods = || matchers.iter().filter(|matcher| matcher.name == "pod");
            let selected = pods.iter().filter(|pod| of_pods().all(|matcher| matcher.is_match(pod)));
            u32::try_from(selected.count()).unwrap_or(u32::MAX)
        });
        let selected = ExprType {
            bounds: series.bounds,
            pods,
            labels: Some(labels),
            conditional: matchers.iter().any(selects_state),
        };
        (selected, series.interval)
    }

    fn missing(&mut self, name: &str) {
        let catalog = self.catalog;
        let message = format!("metric `{name}` is not exported here: its part of the expression is always empty");
        if let Some(why) = catalog.why_missing(name) {
            self.report(&rules::METRIC, message, why);
        } else if let Some(similar) = catalog.similar(name) {
            self.report(&rules::METRIC, message, format!("did you mean `{similar}`?"));
        } else {
            let stack =
                "use a metric of `kafka_stacks::metrics`, or declare its exporter with `Monitoring::external(…)`";
            if let Some(diagnostic) = self.report(&rules::METRIC, message, stack) {
                diagnostic
                    .yaml_hint("add a rule for it to the JMX agent of the process that has it, or use another metric");
            }
        }
        if let Some(diagnostic) = self.diagnostics.last_mut() {
            diagnostic.outside("Metric", name);
        }
    }

    fn check_type(&mut self, name: &str, metric_type: MetricType, usage: Usage) {
        match (metric_type, usage) {
            (MetricType::Counter, Usage::Value | Usage::Change) => {
                self.report(
                    &rules::COUNTER,
                    format!("`{name}` is a counter and used without `rate()` or `increase()`"),
                    format!("use `rate({name}[5m])` or `increase({name}[5m])`"),
                );
            }
            (MetricType::Gauge, Usage::Growth) => {
                self.report(
                    &rules::COUNTER,
                    format!("`{name}` is a gauge and used like a counter"),
                    format!("use `{name}` itself, or `deriv({name}[5m])`"),
                );
            }
            _ => {}
        }
    }

    fn check_matcher(&mut self, metric: &str, series: &Series<'_>, matcher: &Matcher) {
        /// The most values that a hint lists.
        const SHOWN: usize = 8;
        let Some(label) = series.label(&matcher.name) else {
            if series.open || matcher.name == "__name__" {
                return;
            }
            let found = self.report(
                &rules::LABEL,
                format!("`{metric}` has no label `{}`", matcher.name),
                format!("available labels: {}", series.label_names()),
            );
            if let Some(finding) = found {
                finding.alike(format!("{} among {}", matcher.name, series.label_names()));
            }
            return;
        };
        let Some(values) = &label.values else { return };
        if !values.iter().any(|value| matcher.is_match(value)) {
            let shown = list(values.iter().take(SHOWN).map(AsRef::as_ref));
            let more = if values.len() > SHOWN { ", …" } else { "" };
            let found = self.report(
                &rules::MATCHER,
                format!("`{matcher}` matches no series of `{metric}`"),
                format!("possible values: {shown}{more}"),
            );
            if let Some(finding) = found {
                finding.alike(format!("{matcher} among {shown}"));
            }
        }
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr, usage: Usage) -> ExprType {
        let operator = aggregate.op.to_string();
        self.check_stable(&operator);
        let usage = match operator.as_str() {
            "count" | "group" | "count_values" => Usage::Presence,
            _ => usage,
        };
        let operand = self.expression(&aggregate.expr, usage);
        if let Some(parameter) = &aggregate.param {
            self.expression(parameter, Usage::Value);
        }
        let bounds = match operator.as_str() {
            // They keep series unchanged.
            "topk" | "bottomk" | "limitk" | "limit_ratio" => return operand,
            "count" => Bounds::new(1.0, most_of_count(&operand, aggregate.modifier.as_ref())),
            "count_values" => Bounds::AT_LEAST_ONE,
            "group" => Bounds::ONE,
            "sum" => operand.bounds.sum(),
            "stddev" | "stdvar" => Bounds::NOT_NEGATIVE,
            _ => operand.bounds,
        };
        let labels = operand.labels.unwrap_or_default();
        let labels = match &aggregate.modifier {
            None => LabelSet::default(),
            Some(LabelModifier::Include(by)) => {
                labels.report_missing(by, &format!("`{operator} by`"), &mut self.diagnostics);
                labels.by(by)
            }
            Some(LabelModifier::Exclude(without)) => labels.without(without),
        };
        ExprType {
            bounds,
            labels: Some(labels),
            ..operand
        }
    }

    fn call(&mut self, call: &Call) -> ExprType {
        let function = call.func.name;
        self.check_stable(function);
        let usage = match function {
            "rate" | "increase" | "irate" | "resets" => Usage::Growth,
            "delta" | "idelta" | "deriv" | "predict_linear" | "double_exponential_smoothing" | "holt_winters" => {
                Usage::Change
            }
            "absent" | "absent_over_time" | "changes" | "count_over_time" | "present_over_time" | "timestamp" => {
                Usage::Presence
            }
            _ => Usage::Value,
        };
        let arguments = &call.args.args;
        let types: Vec<ExprType> = arguments
            .iter()
            .map(|argument| self.expression(argument, usage))
            .collect();
        let vector = types.iter().find(|argument| argument.labels.is_some()).cloned();
        let vector = vector.unwrap_or_else(|| ExprType::scalar(Bounds::ANY));
        match function {
            "rate" | "increase" | "irate" | "resets" | "changes" | "timestamp" | "abs" => {
                vector.within(Bounds::NOT_NEGATIVE)
            }
            "time" => ExprType::scalar(Bounds::NOT_NEGATIVE),
            "vector" => ExprType {
                bounds: types.first().map_or(Bounds::ANY, |scalar| scalar.bounds),
                labels: Some(LabelSet::default()),
                conditional: false,
                pods: None,
            },
            "scalar" => ExprType { labels: None, ..vector },
            "absent" | "absent_over_time" => ExprType {
                bounds: Bounds::ONE,
                // The labels that the argument's matchers fix, if it is a selector; else none.
                labels: vector.labels.map(|labels| match arguments.first().map(AsRef::as_ref) {
                    Some(Expr::VectorSelector(_) | Expr::MatrixSelector(_)) => labels.fixed(),
                    _ => LabelSet::default(),
                }),
                conditional: true,
                pods: None,
            },
            "count_over_time" => vector.within(Bounds::AT_LEAST_ONE),
            "present_over_time" => vector.within(Bounds::ONE),
            "avg_over_time" | "min_over_time" | "max_over_time" | "last_over_time" | "quantile_over_time" | "sort"
            | "sort_desc" => vector,
            "ceil" | "floor" | "round" => {
                let bounds = vector.bounds.rounded();
                vector.within(bounds)
            }
            "label_replace" | "label_join" => {
                let mut vector = ExprType { pods: None, ..vector };
                if let (Some(labels), Some(Expr::StringLiteral(target))) =
                    (&mut vector.labels, arguments.get(1).map(AsRef::as_ref))
                {
                    labels.set(&target.val, None);
                }
                vector
            }
            _ => vector.within(Bounds::ANY),
        }
    }

    fn binary(&mut self, binary: &BinaryExpr) -> ExprType {
        let operator = binary.op.to_string();
        // What a process has counted since it started a moment ago has grown by that much.
        let of_fresh = operator == "and" && binary.rhs.to_string().contains("time() - ");
        let usage = if of_fresh { Usage::Presence } else { Usage::Value };
        let left = self.expression(&binary.lhs, usage);
        let right = self.expression(&binary.rhs, Usage::Value);
        let modifier = binary.modifier.as_ref();
        if modifier.is_some_and(|modifier| modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some()) {
            self.report_experimental("`fill`");
        }
        let comparison = Comparison::parse(&operator);
        // With `bool` the result is 0 or 1, and no series is dropped.
        let keeps_all = comparison.is_none() || binary.return_bool();
        if let Some(comparison) = comparison {
            self.check_comparison(binary, comparison, &left, &right);
        }
        let bounds = match (comparison, operator.as_str()) {
            (Some(_), _) if keeps_all => Bounds::new(0.0, 1.0),
            (Some(comparison), _) => comparison.filter(left.bounds, right.bounds),
            (None, "and" | "unless") => left.bounds,
            (None, "or") => left.bounds.union(right.bounds),
            (None, arithmetic) => left.bounds.calculate(arithmetic, right.bounds),
        };
        let conditional = match operator.as_str() {
            // If one side has no series, `or` returns the other one.
            "or" => left.conditional && right.conditional,
            // It is true while the other side is false.
            "unless" => true,
            _ => left.conditional || right.conditional || !keeps_all,
        };
        let pods = match operator.as_str() {
            "and" | "unless" => left.pods,
            // Those of both sides may be of different jobs.
            _ if left.labels.is_some() && right.labels.is_some() => None,
            _ => left.pods.or(right.pods),
        };
        let labels = match (left.labels, right.labels) {
            (Some(left), Some(right)) => Some(left.join(&right, &operator, modifier, &mut self.diagnostics)),
            (left, right) => left.or(right),
        };
        ExprType {
            bounds,
            labels,
            conditional,
            pods,
        }
    }

    /// Reports a comparison that is always or never true.
    fn check_comparison(&mut self, binary: &BinaryExpr, comparison: Comparison, left: &ExprType, right: &ExprType) {
        let of_multiples = || {
            let (of_left, factor_left) = multiple(&binary.lhs);
            let (of_right, factor_right) = multiple(&binary.rhs);
            // A scalar does not change.
            let same = of_left.to_string() == of_right.to_string() && left.labels.is_some() && left.bounds.least >= 0.0;
            comparison
                .outcome_of_multiples(factor_left, factor_right)
                .filter(|_| same)
        };
        let outcome = comparison.outcome(left.bounds, right.bounds).or_else(of_multiples);
        let Some(is_true) = outcome else { return };
        let text = binary.to_string();
        let text = if text.len() > 120 {
            format!("… {} {}", binary.op, binary.rhs)
        } else {
            text
        };
        let hint = if !is_true && is_count(&binary.lhs) {
            "where there is nothing to count, `count` has no result instead of 0: use `absent(…)`".to_owned()
        } else {
            format!("the left side {}: choose another threshold", left.bounds.describe())
        };
        self.report(
            &rules::COMPARISON,
            format!("`{text}` is {} true", if is_true { "always" } else { "never" }),
            hint,
        );
    }
}

/// The largest result of `count`: as many as there are pods, where series differ only by their pod.
fn most_of_count(operand: &ExprType, modifier: Option<&LabelModifier>) -> f64 {
    let of_pods = || {
        let pods = operand.pods?;
        let LabelModifier::Include(by) = modifier? else {
            return None;
        };
        let labels = operand.labels.as_ref()?.names()?;
        let mut counted = labels.iter().filter(|label| !by.labels.contains(label));
        counted
            .all(|label| ["pod", "job"].contains(&label.as_str()))
            .then(|| f64::from(pods))
    };
    of_pods().unwrap_or(f64::INFINITY)
}

/// Whether an expression counts series.
fn is_count(expression: &Expr) -> bool {
    match expression {
        Expr::Paren(inner) => is_count(&inner.expr),
        Expr::Aggregate(aggregate) => aggregate.op.to_string() == "count",
        _ => false,
    }
}

/// An expression as a quantity and the factor by which it is multiplied.
fn multiple(expression: &Expr) -> (&Expr, f64) {
    match expression {
        Expr::Paren(inner) => multiple(&inner.expr),
        Expr::Binary(binary) if binary.op.to_string() == "*" => match (binary.lhs.as_ref(), binary.rhs.as_ref()) {
            (Expr::NumberLiteral(number), other) | (other, Expr::NumberLiteral(number)) => {
                let (quantity, factor) = multiple(other);
                (quantity, factor * number.val)
            }
            _ => (expression, 1.0),
        },
        _ => (expression, 1.0),
    }
}
