use k8s_openapi::{
    api::core::v1::{ExecAction, HTTPGetAction, Probe, TCPSocketAction},
    apimachinery::pkg::util::intstr::IntOrString,
};

/// Checks every 10 s whether a port, given by name, accepts connections.
pub fn tcp_probe(port: &str) -> Probe {
    Probe {
        tcp_socket: Some(TCPSocketAction {
            port: IntOrString::String(port.to_owned()),
            host: None,
        }),
        ..every_ten_seconds()
    }
}

/// Checks every 10 s whether a path responds with 2xx or 3xx.
pub fn http_probe(path: &str, port: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..HTTPGetAction::default()
        }),
        ..every_ten_seconds()
    }
}

/// Checks every 10 s whether a command exits with 0.
pub fn exec_probe<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Probe {
    Probe {
        exec: Some(ExecAction {
            command: Some(command.into_iter().map(Into::into).collect()),
        }),
        ..every_ten_seconds()
    }
}

fn every_ten_seconds() -> Probe {
    Probe {
        period_seconds: Some(10),
        timeout_seconds: Some(5),
        failure_threshold: Some(3),
        ..Probe::default()
    }
}
