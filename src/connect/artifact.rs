//! What the image of a plugin is built from.

/// Maven Central.
const MAVEN: &str = "https://repo1.maven.org/maven2";
/// A shell, `cp`, `tar` and `unzip`, in 2 MB.
const BASE: &str = "docker.io/library/busybox:1.37.0";

/// An archive with the jars of a plugin, or one of the jars, which its checksum pins.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let sha256 = "d7aaa6ff7f408bb082c43d46b5720087ea29e01502097c4f9622038117100fae";
/// let debezium = Artifact::maven("io.debezium:debezium-connector-postgres:tar.gz:plugin:3.3.1.Final", sha256);
/// # let _ = debezium;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    place: Place,
    sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Maven(String),
    Url(String),
}

/// How the files of an archive are put into `/plugin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Jar,
    Tar,
    Zip,
}

/// What is wrong with an artifact, and what to do.
pub(super) type Problem = (String, &'static str);

impl Artifact {
    /// An archive of Maven Central by its coordinates, `group:artifact[:extension[:classifier]]:version`, and its SHA-256 in
    /// hexadecimal.
    pub fn maven(coordinates: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self {
            place: Place::Maven(coordinates.into()),
            sha256: sha256.into(),
        }
    }

    /// A `.jar`, `.zip`, `.tar.gz` or `.tgz` at an address, and its SHA-256 in hexadecimal.
    pub fn url(url: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self {
            place: Place::Url(url.into()),
            sha256: sha256.into(),
        }
    }

    /// Where it is.
    fn address(&self) -> Result<String, Problem> {
        match &self.place {
            Place::Url(url) => {
                let plain = |c: char| c.is_ascii_graphic() && !"\"'\\$#".contains(c);
                if url.starts_with("https://") && url.chars().all(plain) {
                    return Ok(url.clone());
                }
                let message = format!("{url:?} is not an address of an archive");
                Err((message, "write an `https` address in `Artifact::url`"))
            }
            Place::Maven(coordinates) => {
                let message = format!("{coordinates:?} are not coordinates of one archive");
                let hint = "write `group:artifact[:extension[:classifier]]:version` in `Artifact::maven`";
                maven(coordinates).ok_or((message, hint))
            }
        }
    }

    fn kind(address: &str) -> Option<Kind> {
        [
            (".jar", Kind::Jar),
            (".zip", Kind::Zip),
            (".tar.gz", Kind::Tar),
            (".tgz", Kind::Tar),
        ]
        .into_iter()
        .find_map(|(end, kind)| address.ends_with(end).then_some(kind))
    }

    /// What keeps an image from being built from it.
    pub(super) fn problem(&self) -> Option<Problem> {
        let address = match self.address() {
            Ok(address) => address,
            Err(problem) => return Some(problem),
        };
        if Self::kind(&address).is_none() {
            let message = format!("`{address}` is no `.jar`, `.zip`, `.tar.gz` or `.tgz`");
            return Some((message, "name an archive with the jars"));
        }
        if self.sha256.len() != 64 || !self.sha256.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
            let message = format!("{:?} is not a SHA-256 of 64 hexadecimal digits", self.sha256);
            return Some((message, "write what `sha256sum` prints for the archive"));
        }
        None
    }
}

/// The address of an archive by its coordinates. A version that is a range, or that others replace, is none.
fn maven(coordinates: &str) -> Option<String> {
    let parts: Vec<&str> = coordinates.split(':').collect();
    let (group, artifact, extension, classifier, version) = match parts[..] {
        [group, artifact, version] => (group, artifact, "jar", None, version),
        [group, artifact, extension, version] => (group, artifact, extension, None, version),
        [group, artifact, extension, classifier, version] => (group, artifact, extension, Some(classifier), version),
        _ => return None,
    };
    let word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let pinned = !version.ends_with("SNAPSHOT") && !["LATEST", "RELEASE"].contains(&version);
    if !pinned || !parts.iter().all(word) {
        return None;
    }
    let folder = group.replace('.', "/");
    let classifier = classifier
        .map(|classifier| format!("-{classifier}"))
        .unwrap_or_default();
    Some(format!(
        "{MAVEN}/{folder}/{artifact}/{version}/{artifact}-{version}{classifier}.{extension}"
    ))
}

/// The file that an image is built from: the jars in `/plugin`, and `cp` for workers that cannot mount an image. Artifacts with a problem
/// are left out: nothing is written then.
pub(super) fn containerfile(plugin: &str, image: &str, artifacts: &[Artifact], license: Option<&str>) -> String {
    let mut adds = Vec::new();
    let mut steps = vec!["mkdir /plugin".to_owned()];
    for (number, artifact) in (1..).zip(artifacts) {
        let Ok(address) = artifact.address() else { continue };
        let Some(kind) = Artifact::kind(&address) else { continue };
        let file = format!("/archives/{number}-{}", address.rsplit('/').next().unwrap_or_default());
        adds.push(format!("ADD --checksum=sha256:{} {address} {file}", artifact.sha256));
        steps.push(match kind {
            Kind::Jar => format!("cp {file} /plugin"),
            Kind::Tar => format!("tar -xzf {file} -C /plugin"),
            Kind::Zip => format!("unzip -q {file} -d /plugin"),
        });
    }
    // A file that `ADD` fetches is its owner's alone, and workers are another user.
    steps.push("chmod -R a+rX /plugin".to_owned());
    let label = license.map(|license| format!("LABEL org.opencontainers.image.licenses={license:?}\n"));
    format!(
        "# syntax=docker/dockerfile:1\n\
         # The image of the plugin {plugin}. In the folder of this file:\n\
         #   docker build -f {plugin}.Containerfile -t {image} . && docker push {image}\n\
         FROM {BASE} AS archives\n\
         {}\n\
         RUN {}\n\n\
         FROM {BASE}\n\
         {}COPY --from=archives /plugin /plugin\n",
        adds.join("\n"),
        steps.join(" \\\n && "),
        label.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const SHA256: &str = "d7aaa6ff7f408bb082c43d46b5720087ea29e01502097c4f9622038117100fae";

    #[test]
    fn an_image_is_built_from_pinned_archives() {
        let artifacts = [
            Artifact::maven("io.debezium:debezium-connector-jdbc:tar.gz:plugin:3.3.1.Final", SHA256),
            Artifact::maven("org.postgresql:postgresql:42.7.7", SHA256),
            Artifact::url("https://example.com/search-1.2.zip", SHA256),
        ];
        assert!(artifacts.iter().all(|artifact| artifact.problem().is_none()));
        assert_snapshot!(containerfile(
            "jdbc",
            "registry.example.com/jdbc:3.3.1",
            &artifacts,
            Some("Apache-2.0")
        ));
        assert!(!containerfile("jdbc", "jdbc:1", &artifacts, None).contains("LABEL"));
    }

    #[test]
    fn what_is_not_pinned_is_no_artifact() {
        for (artifact, words) in [
            (Artifact::maven("a:b", SHA256), "coordinates"),
            (Artifact::maven("a:b:jar:c:1:d", SHA256), "coordinates"),
            (Artifact::maven("a:b:1.0-SNAPSHOT", SHA256), "coordinates"),
            (Artifact::maven("a:b:LATEST", SHA256), "coordinates"),
            (Artifact::maven("a:b:[1,2)", SHA256), "coordinates"),
            (Artifact::maven("a::1", SHA256), "coordinates"),
            (Artifact::maven("a:b:pom:1", SHA256), "is no `.jar`"),
            (Artifact::maven("a:b:1", "d7aa"), "SHA-256"),
            (Artifact::maven("a:b:1", SHA256.to_uppercase()), "SHA-256"),
            (Artifact::url("http://example.com/a.jar", SHA256), "address"),
            (Artifact::url("https://example.com/$a.jar", SHA256), "address"),
        ] {
            let (message, _) = artifact.problem().unwrap();
            assert!(message.contains(words), "{artifact:?}: {message}");
        }
    }
}
