//! Regular expressions as Prometheus and its exporters use them.

use promql_parser::{
    label::Matcher,
    parser::{Expr, VectorSelector},
};

use super::{Selector, parse};

/// A regular expression for a whole text.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Matcher);

impl Pattern {
    /// `None` if it is not a regular expression.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let expression = parse(&Selector::new("up").regex("text", text).to_string()).ok()?;
        let Expr::VectorSelector(VectorSelector { matchers, .. }) = &*expression else {
            return None;
        };
        matchers.matchers.first().cloned().map(Self)
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_for_the_whole_text() {
        let pattern = Pattern::parse("kafka_(a|b).*|up").unwrap();
        assert!(pattern.is_match("kafka_b_total") && pattern.is_match("up"));
        assert!(!pattern.is_match("ups") && !pattern.is_match("x_kafka_a"));
        assert!(Pattern::parse("kafka_(").is_none());
    }
}
