use k8s_openapi::api::core::v1::Container;

use super::container;
use crate::quantity::{Resources, Units};

/// An init container that waits until every address accepts connections, so that the next containers do not crash and
/// restart until then. After `patience` it continues if at least one address accepts connections, because a single dead
/// broker must not keep a restarted client down. A first start waits for all of them, because topics are created with
/// as many replicas as there are brokers.
///
/// `image` needs bash, whose `/dev/tcp` connects without a JVM.
pub fn wait_for(name: &str, image: &str, addresses: &[String]) -> Container {
    const PATIENCE: u64 = 300;
    let script = format!(
        r#"up() {{
  local host=${{1%:*}}
  timeout 5 bash -c ': >"/dev/tcp/$0/$1"' "${{host//[\[\]]/}}" "${{1##*:}}" 2>/dev/null
}}
for address in "$@"; do
  until up "$address"; do
    if ((SECONDS >= {PATIENCE})); then
      for other in "$@"; do up "$other" && echo "going on without $address" && exit 0; done
    fi
    echo "waiting for $address"
    sleep 2
  done
done
"#
    );
    container(
        name,
        image,
        Resources::range(10.millicores()..=200.millicores(), 32.mib()..=32.mib()),
        ["bash".to_owned(), "-c".to_owned(), script, name.to_owned()]
            .into_iter()
            .chain(addresses.iter().cloned()),
    )
}
