//! The smallest and the largest possible value of an expression, and what follows for a comparison.

/// The smallest and the largest possible value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    pub least: f64,
    pub most: f64,
}

impl Bounds {
    pub(crate) const ANY: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY);
    pub(crate) const NOT_NEGATIVE: Self = Self::new(0.0, f64::INFINITY);
    pub(crate) const AT_LEAST_ONE: Self = Self::new(1.0, f64::INFINITY);
    pub(crate) const ONE: Self = Self::new(1.0, 1.0);

    pub(crate) const fn new(least: f64, most: f64) -> Self {
        Self { least, most }
    }

    pub(super) const fn exactly(value: f64) -> Self {
        Self::new(value, value)
    }

    pub(super) const fn negated(self) -> Self {
        Self::new(-self.most, -self.least)
    }

    /// The bounds after rounding to whole numbers, up or down.
    pub(super) fn rounded(self) -> Self {
        Self::new(self.least.floor(), self.most.ceil())
    }

    /// The bounds of a sum of one or more values.
    pub(super) fn sum(self) -> Self {
        Self::new(
            if self.least >= 0.0 {
                self.least
            } else {
                f64::NEG_INFINITY
            },
            if self.most <= 0.0 { self.most } else { f64::INFINITY },
        )
    }

    /// The bounds of a value that is within these or those.
    pub(crate) fn union(self, other: Self) -> Self {
        Self::new(self.least.min(other.least), self.most.max(other.most))
    }

    /// The bounds of the result of arithmetic with another value.
    pub(super) fn calculate(self, operator: &str, other: Self) -> Self {
        let of_corners = |operation: fn(f64, f64) -> f64| {
            let corners = [
                (self.least, other.least),
                (self.least, other.most),
                (self.most, other.least),
                (self.most, other.most),
            ];
            // 0 times infinity is NaN; the infinite bound is never reached, so the product is 0.
            let results = corners.map(|(a, b)| Some(operation(a, b)).filter(|result| !result.is_nan()).unwrap_or(0.0));
            Self::new(
                results.into_iter().fold(f64::INFINITY, f64::min),
                results.into_iter().fold(f64::NEG_INFINITY, f64::max),
            )
        };
        match operator {
            "+" => Self::new(self.least + other.least, self.most + other.most),
            "-" => Self::new(self.least - other.most, self.most - other.least),
            "*" => of_corners(|a, b| a * b),
            // The divisor is not negative, or not positive. A division by zero gives infinity, which is within the
            // bounds.
            "/" if other.least > 0.0 || other.most < 0.0 => of_corners(|a, b| a / b),
            "/" if self.least >= 0.0 && other.least >= 0.0 => Self::NOT_NEGATIVE,
            _ => Self::ANY,
        }
    }

    /// The bounds in words, after "the left side".
    pub(super) fn describe(self) -> String {
        let Self { least, most } = self;
        match (least.is_finite(), most.is_finite()) {
            (true, true) if (most - least).abs() < f64::EPSILON => format!("is always {least}"),
            (true, true) => format!("is between {least} and {most}"),
            (true, false) => format!("is at least {least}"),
            (false, true) => format!("is at most {most}"),
            (false, false) => "can have any value".to_owned(),
        }
    }
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
}

impl Comparison {
    pub(super) fn parse(operator: &str) -> Option<Self> {
        Some(match operator {
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            _ => return None,
        })
    }

    /// Whether it is true for all values within the bounds, or for none; `None` if that depends on the values.
    pub(super) fn outcome(self, left: Bounds, right: Bounds) -> Option<bool> {
        // NaN is not equal to, greater than or less than anything.
        if left.least.is_nan() || right.least.is_nan() {
            return Some(self == Self::NotEqual);
        }
        let (always, never) = match self {
            Self::Greater => (left.least > right.most, left.most <= right.least),
            Self::GreaterOrEqual => (left.least >= right.most, left.most < right.least),
            Self::Less => (left.most < right.least, left.least >= right.most),
            Self::LessOrEqual => (left.most <= right.least, left.least > right.most),
            Self::Equal | Self::NotEqual => {
                let apart = left.most < right.least || right.most < left.least;
                #[expect(clippy::float_cmp, reason = "bounds, not results: the same numbers or not")]
                let same = left.least == left.most && left == right;
                if self == Self::Equal {
                    (same, apart)
                } else {
                    (apart, same)
                }
            }
        };
        match (always, never) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    /// The same for a value that is compared with a multiple of itself, such as `N > 2 * N`. The value is not negative
    /// and may be 0.
    pub(super) fn outcome_of_multiples(self, left: f64, right: f64) -> Option<bool> {
        match self {
            Self::Greater if left <= right => Some(false),
            Self::Less if left >= right => Some(false),
            Self::GreaterOrEqual if left >= right => Some(true),
            Self::LessOrEqual if left <= right => Some(true),
            _ => None,
        }
    }

    /// The bounds of the left values for which it is true.
    pub(super) fn filter(self, left: Bounds, right: Bounds) -> Bounds {
        match self {
            Self::Greater | Self::GreaterOrEqual => Bounds::new(left.least.max(right.least), left.most),
            Self::Less | Self::LessOrEqual => Bounds::new(left.least, left.most.min(right.most)),
            Self::Equal => Bounds::new(left.least.max(right.least), left.most.min(right.most)),
            Self::NotEqual => left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_follow_arithmetic() {
        let percent = Bounds::new(0.0, 100.0);
        let two = Bounds::exactly(2.0);
        assert_eq!(percent.calculate("+", two), Bounds::new(2.0, 102.0));
        assert_eq!(two.calculate("-", percent), Bounds::new(-98.0, 2.0));
        assert_eq!(percent.calculate("*", two.negated()), Bounds::new(-200.0, 0.0));
        assert_eq!(percent.calculate("/", two), Bounds::new(0.0, 50.0));
        assert_eq!(percent.calculate("/", percent), Bounds::NOT_NEGATIVE);
        assert_eq!(percent.calculate("%", two), Bounds::ANY);
        assert_eq!(
            Bounds::NOT_NEGATIVE.calculate("*", Bounds::exactly(0.0)),
            Bounds::exactly(0.0)
        );
    }

    #[test]
    fn a_comparison_is_decided_only_by_bounds_that_do_not_overlap() {
        let count = Bounds::AT_LEAST_ONE;
        let outcome = |operator, right| {
            Comparison::parse(operator)
                .unwrap()
                .outcome(count, Bounds::exactly(right))
        };
        assert_eq!(outcome("<", 1.0), Some(false));
        assert_eq!(outcome("<=", 1.0), None);
        assert_eq!(outcome(">=", 1.0), Some(true));
        assert_eq!(outcome(">", 1.0), None);
        assert_eq!(outcome("==", 0.0), Some(false));
        assert_eq!(outcome("!=", 0.0), Some(true));
        assert_eq!(outcome("==", 1.0), None);
        assert_eq!(outcome(">", f64::NAN), Some(false));
        assert_eq!(outcome("!=", f64::NAN), Some(true));
    }
}
