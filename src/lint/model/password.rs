//! Passwords that stand in a text as they are.

/// The name of a password that stands in a text as `name=value`, as in a JAAS configuration, an option of the JVM or a script.
pub(crate) fn clear_password(text: &str) -> Option<&str> {
    text.match_indices('=').find_map(|(at, _)| {
        let before = &text[..at];
        let from = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && !"_.-".contains(c))
            .map_or(0, |end| end + before[end..].chars().next().map_or(1, char::len_utf8));
        let name = before[from..].trim_start_matches('-');
        // Of PlainLoginModule: the passwords of users.
        let lower = name.to_ascii_lowercase();
        let is_secret =
            ["password", "passwd", "secret"].iter().any(|end| lower.ends_with(end)) || lower.starts_with("user_");
        let value = text[at + 1..].trim_start_matches(['\\', '"', '\'']);
        let end = value.find(|c: char| c.is_whitespace() || "\"'\\,;)]".contains(c));
        let value = &value[..end.unwrap_or(value.len())];
        let is_word = value.starts_with(|c: char| !"/*$`".contains(c)) && !value.starts_with("file:");
        (is_secret && is_word && is_literal(value) && !is_placeholder(value)).then_some(name)
    })
}

/// Whether a value stands in the manifest: no reference, no path, no switch.
pub(crate) fn is_literal(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    !value.is_empty()
        && !value.contains(['{', '$', '<', '`', '%'])
        && !value.starts_with('/')
        && !["true", "false", "yes", "no"].contains(&value.to_ascii_lowercase().as_str())
}

/// Whether a word of a value stands for what a script puts in its place.
pub(crate) fn is_placeholder(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.contains("placeholder") || lower.contains("change_me") || lower.contains("replace_me")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_a_path_and_a_switch_are_no_passwords() {
        assert!(is_literal("abc") && !is_literal("$(P)") && !is_literal("/run/p") && !is_literal("yes"));
    }

    #[test]
    fn a_password_is_found_wherever_it_stands() {
        for (text, found) in [
            (
                "format --add-scram \"SCRAM-SHA-512=[name=admin,password=Tr0ub4dor]\"",
                Some("password"),
            ),
            ("export KAFKA_PASSWORD=Tr0ub4dor; run", Some("KAFKA_PASSWORD")),
            (
                "-Djavax.net.ssl.keyStorePassword=changeit -Dfoo=bar",
                Some("Djavax.net.ssl.keyStorePassword"),
            ),
            ("printf 'X required password=\\\"abc\\\";'", Some("password")),
            ("export KAFKA_PASSWORD=$(cat /run/password)", None),
            ("printf 'X required password=\\\"%s\\\";' \"$P\"", None),
            ("--password-file=/run/password --reset-password=false", None),
            ("password=$P password=\"${P}\" password='<password>' PASSWORD=", None),
            ("password=/run/secrets/p password=file:/run/p password=****", None),
        ] {
            assert_eq!(clear_password(text), found, "{text}");
        }
    }
}
