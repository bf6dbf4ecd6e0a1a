//! The example of a cluster whose clients show tokens.

use kafka_stacks::prelude::*;

#[expect(dead_code, reason = "its `main` is that of an example")]
#[path = "../examples/oauth.rs"]
mod example;

#[test]
fn the_example_has_no_errors_and_tells_users_by_their_tokens() {
    let synthesis = synth(&example::oauth());
    // It only notes the Secret that someone has to make.
    for finding in &synthesis.findings {
        let (rule, message) = (finding.rule, &finding.message);
        assert!(rule == &rules::api::SECRET_REFERENCE, "{}: {message}", rule.id);
        assert!(message.contains("identity-provider"), "{message}");
    }
    let manifests = synthesis.manifests.unwrap();
    let declared = manifests
        .get("kafka-permissions/configmap-kafka-permissions.yaml")
        .unwrap();
    for line in [
        "client-7f3a token\n",
        "client-7f3a acl topic literal orders READ\n",
        "shop token\n",
        "shop acl topic literal orders WRITE\n",
    ] {
        assert!(declared.contains(line), "{line}");
    }
}
