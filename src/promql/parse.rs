//! Parses expressions, for the whole crate.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use promql_parser::{
    label::MatchOp,
    parser::{self, Expr},
    util::{ExprVisitor, walk_expr},
};

/// How deep parentheses and signs may be nested: the parser, and code that walks its result, needs stack for each
/// level.
const DEEPEST: usize = 100;

/// How many operators an expression may have: each nests the others on its left.
const LONGEST: usize = 1000;

/// An expression, or what is wrong with it.
pub(crate) type Parsed = Result<Arc<Expr>, String>;

/// What was parsed. The same expressions come again: in the check of a stack and in its objects, in several panels, on both sides of a
/// comparison. Parsing them, with their regular expressions, was a quarter of a run.
static KNOWN: LazyLock<RwLock<BTreeMap<String, Parsed>>> = LazyLock::new(RwLock::default);

/// How many are kept: several times as many as a stack has.
const KEPT: usize = 4096;

/// Parses an expression as Prometheus does.
///
/// # Errors
///
/// A fragment that says what is wrong, as ``unexpected `> 3` after `up` ``.
pub(crate) fn parse(expression: &str) -> Parsed {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(parsed) = known.get(expression) {
        return parsed.clone();
    }
    drop(known);
    let parsed = parse_anew(expression).map(Arc::new);
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() < KEPT {
        known.insert(expression.to_owned(), parsed.clone());
    }
    parsed
}

fn parse_anew(expression: &str) -> Result<Expr, String> {
    if depth(expression) > DEEPEST {
        return Err(format!("parentheses and signs are nested more than {DEEPEST} deep"));
    }
    if operators(expression) > LONGEST {
        return Err(format!("there are more than {LONGEST} operators"));
    }
    parser::parse(expression).map_err(|error| match error.as_str() {
        // The parser's only message about the grammar.
        "invalid promql query" => syntax_error(expression),
        _ => error.replace('\n', " "),
    })
}

/// The names of the metrics in an expression.
pub(crate) fn metric_names(expression: &Expr) -> BTreeSet<String> {
    struct Names(BTreeSet<String>);
    impl ExprVisitor for Names {
        type Error = Infallible;

        fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Infallible> {
            let name = match expression {
                Expr::VectorSelector(selector) => selector.name.clone(),
                Expr::MatrixSelector(matrix) => matrix.vs.name.clone(),
                _ => None,
            };
            self.0.extend(name);
            Ok(true)
        }
    }
    let mut names = Names(BTreeSet::new());
    let Ok(_) = walk_expr(&mut names, expression);
    names.0
}

/// The values of a label that an expression asks for by name, and those of `known` that it asks for by a regular expression. What matches
/// all of `known` asks for none of them.
pub(crate) fn selected(expression: &Expr, label: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    struct Values<'a> {
        label: &'a str,
        known: &'a BTreeSet<String>,
        found: BTreeSet<String>,
    }
    impl ExprVisitor for Values<'_> {
        type Error = Infallible;

        fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Infallible> {
            let matchers = match expression {
                Expr::VectorSelector(selector) => &selector.matchers.matchers,
                Expr::MatrixSelector(matrix) => &matrix.vs.matchers.matchers,
                _ => return Ok(true),
            };
            for matcher in matchers.iter().filter(|matcher| matcher.name == self.label) {
                match matcher.op {
                    MatchOp::Equal => self.found.extend(Some(matcher.value.clone())),
                    MatchOp::Re(_) => {
                        let some = self.known.iter().filter(|name| matcher.is_match(name));
                        let some: Vec<String> = some.cloned().collect();
                        if some.len() < self.known.len() {
                            self.found.extend(some);
                        }
                    }
                    MatchOp::NotEqual | MatchOp::NotRe(_) => {}
                }
            }
            Ok(true)
        }
    }
    let mut values = Values {
        label,
        known,
        found: BTreeSet::new(),
    };
    let Ok(_) = walk_expr(&mut values, expression);
    values.found
}

/// Names the longest prefix that is a valid expression, and what cannot follow it.
fn syntax_error(expression: &str) -> String {
    /// The most attempts, because each one parses the whole prefix.
    const TRIES: usize = 100;
    const SHOWN: usize = 40;
    let ends = expression.match_indices(char::is_whitespace).rev().take(TRIES);
    let sound = ends
        .map(|(end, _)| expression.split_at(end))
        .find(|(before, _)| parser::parse(before).is_ok());
    match sound {
        Some((before, after)) => {
            let (before, after) = (before.trim(), after.trim());
            let start = before.char_indices().rev().nth(SHOWN).map_or(0, |(start, _)| start);
            let end = after.char_indices().nth(SHOWN).map_or(after.len(), |(end, _)| end);
            let cut = |cut: bool| if cut { "…" } else { "" };
            format!(
                "unexpected `{}{}` after `{}{}`",
                &after[..end],
                cut(end < after.len()),
                cut(start > 0),
                &before[start..],
            )
        }
        None => "syntax error: an operator, operand, comma or parenthesis is missing or misplaced".to_owned(),
    }
}

/// How many operators there are at most: those of matchers count too.
fn operators(expression: &str) -> usize {
    let signs = expression.matches(|c| "+-*/%^<>=!".contains(c)).count();
    let words = expression.split_whitespace();
    signs
        + words
            .filter(|word| ["and", "or", "unless", "atan2"].contains(&word.to_ascii_lowercase().as_str()))
            .count()
}

/// How deep parentheses and consecutive signs are nested.
fn depth(expression: &str) -> usize {
    let (mut open, mut signs, mut most) = (0_usize, 0, 0);
    for c in expression.chars().filter(|c| !c.is_whitespace()) {
        match c {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        signs = match c {
            '-' | '+' => signs + 1,
            // Signs before a parenthesis stay open within it.
            '(' => signs,
            _ => 0,
        };
        most = most.max(open + signs);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_without_end_is_refused_before_it_is_parsed() {
        for expression in ["up or ".repeat(20_000) + "up", "1+".repeat(20_000) + "1"] {
            assert_eq!(parse(&expression).unwrap_err(), "there are more than 1000 operators");
        }
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        for (expression, error) in [
            ("up > > 3 and", "unexpected `> > 3 and` after `up`"),
            (
                "rate(requests_total[5m]) > 5 adn up",
                "unexpected `adn up` after `rate(requests_total[5m]) > 5`",
            ),
            (
                "> 3 and up",
                "syntax error: an operator, operand, comma or parenthesis is missing or misplaced",
            ),
            ("sum by (up) > > 3 and", "unexpected `by (up) > > 3 and` after `sum`"),
            ("sum(up", "unclosed left parenthesis"),
            ("up]", "unexpected right bracket ']'"),
            ("up{a=\"", "unterminated quoted string \""),
            (
                "rate(up)",
                "expected type matrix in call to function 'rate', got vector",
            ),
            ("", "no expression found in input"),
        ] {
            assert_eq!(parse(expression).unwrap_err(), error, "{expression}");
        }
    }

    #[test]
    fn what_prometheus_3_accepts_is_accepted() {
        for expression in [
            "up",
            "sum(rate(a{b=\"}\"}[5m])) > 1",
            "a{b='\\''}",
            "label_replace(a, \"b\", \"$1\", \"c\", \"(.*)\")",
            "{\"shop.orders\", region=\"eu\"}",
            "sum by (\"shop.region\") (up)",
            "rate(a[5m] offset -1h)",
            "a @ end() > bool 0",
            "max_over_time(rate(a[5m])[1h:1m])",
            "a and on () vector(1) # why",
        ] {
            assert!(parse(expression).is_ok(), "{expression}: {:?}", parse(expression));
        }
    }

    #[test]
    fn metrics_are_named_wherever_they_stand() {
        let parsed = parse("sum(rate(a[5m])) > 2 * b:c:d{job=\"not_a_metric\"} unless on (pod) absent(up)").unwrap();
        assert_eq!(Vec::from_iter(metric_names(&parsed)), ["a", "b:c:d", "up"]);
    }

    #[test]
    fn deep_nesting_is_refused_before_it_needs_the_stack() {
        let deep = format!("{}up{}", "(".repeat(20_000), ")".repeat(20_000));
        let signs = format!("{}up", "-".repeat(20_000));
        for expression in [deep, signs] {
            assert_eq!(
                parse(&expression).unwrap_err(),
                "parentheses and signs are nested more than 100 deep"
            );
        }
    }
}
