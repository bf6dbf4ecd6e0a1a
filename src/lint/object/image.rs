//! The image of a container.

use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::lint::object::fields::REQUIRED;
use crate::{
    diagnostics::{Diagnostics, rules::kraft},
    lint::model::{node::Node, syntax as text},
};

rules! { rules::identity;
    /// An image that changes under its name.
    pub const FLOATING_IMAGE: Rule = Rule {
        id: "KS-I05",
        production: Error,
        development: Warning,
        summary: "an image without a version",
        explanation: "`latest`, or no tag at all, is another image tomorrow: two pods of one set run different \
            versions, and a restart is an upgrade. Name a version, or a digest.",
        source: "Kubernetes, Configuration Best Practices; Images",
    };

    /// An image that cannot be pulled.
    pub const IMAGE: Rule = Rule {
        id: "KS-I06",
        production: Error,
        development: Error,
        summary: "an invalid image reference",
        explanation: "A reference is `[host[:port]/]name[:tag][@digest]`, the name in lower case. With anything else \
            the pod stays in InvalidImageName until it is corrected.",
        source: "Distribution, reference grammar; Kubernetes, Images",
    };
}

pub(super) fn check(image: &Node<'_, '_>, findings: &mut Diagnostics) {
    if image.str().is_none_or(str::is_empty) {
        findings.at(image, &REQUIRED, if image.is_set() { "is empty" } else { "is missing" });
    } else if let Some(reason) = text::image(image.text()) {
        findings.at(image, &IMAGE, format!("cannot be pulled: {reason}"));
    } else {
        floating(image, findings);
    }
}

fn floating(image: &Node<'_, '_>, findings: &mut Diagnostics) {
    let (reference, digest) = match image.text().split_once('@') {
        Some((reference, _)) => (reference, true),
        None => (image.text(), false),
    };
    let (name, tag) = text::split_tag(reference);
    if !digest && tag.is_none_or(|tag| tag == "latest") {
        findings
            .at(image, &FLOATING_IMAGE, format!("has no version: `{}`", image.text()))
            .hint(format!(
                "name a version, `{name}:VERSION`, or a digest, `{name}@sha256:…`"
            ));
    }
    if reference.contains("apache/kafka-native") {
        findings.at(
            image,
            &kraft::NATIVE_IMAGE,
            format!("is `{}`, which is experimental", image.text()),
        );
    }
}
