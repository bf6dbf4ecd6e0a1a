//! How the rules of a family are declared.

/// Declares a family of rules: `rules! { rules::kraft; /// … pub const COMBINED: Rule = Rule { … }; … }`. Each becomes the public
/// constant that it looks like, with its `path` filled in.
///
/// It is a macro so that no rule can be forgotten: the constant and the family's list `RULES` are made of one declaration, which
/// no function can do. The path is the one that a stack writes; a path that does not lead to a rule does not compile.
macro_rules! rules {
    (
        $rules:ident::$family:ident;
        $(
            $(#[$doc:meta])*
            pub const $name:ident: Rule = Rule { $($field:ident: $value:expr,)+ };
        )+
    ) => {
        $(
            $(#[$doc])*
            pub const $name: $crate::diagnostics::Rule = $crate::diagnostics::Rule {
                path: concat!(stringify!($rules), "::", stringify!($family), "::", stringify!($name)),
                $($field: $value,)+
            };

            const _: &str = $crate::$rules::$family::$name.path;
        )+

        /// All rules of this family.
        pub(crate) const RULES: &[&$crate::diagnostics::Rule] = &[$(&$name),+];
    };
}

pub(crate) use rules;
