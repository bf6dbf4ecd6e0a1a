//! What objects are to each other and to what applies them: rendered stacks and sound manifests, each with one fault, and what only looks
//! like one.

use insta::assert_snapshot;
use kafka_stacks::{
    prelude::{Platform, Rule},
    rules,
};

use super::{KAFKA, check};
use crate::faults::{Said, rendered, said_about, shown};

/// What is changed in a set of files: a text in it and what takes its place.
type Edit = (&'static str, &'static str);

pub(crate) struct Case {
    /// The rule that must find it, or that must be silent.
    pub(crate) rule: &'static Rule,
    base: Base,
    edits: &'static [Edit],
    /// Further objects.
    more: &'static str,
    words: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Base {
    Kafka,
    /// A folder of `out`.
    Out(&'static str),
}

impl Case {
    /// Where its pods run.
    pub(crate) fn platform(&self) -> Platform {
        if self.words.contains(&"openshift") {
            Platform::OpenShift
        } else {
            Platform::default()
        }
    }
}

const fn case(rule: &'static Rule, base: Base, edits: &'static [Edit], more: &'static str) -> Case {
    Case {
        rule,
        base,
        edits,
        more,
        words: &[],
    }
}

use rules::{api, durability, identity, pod, registry, security, topic};

const SPREAD: Edit = (
    "      terminationGracePeriodSeconds: 330\n",
    "      terminationGracePeriodSeconds: 330
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {app: kafak}}
",
);

const APART: Edit = (
    "              matchLabels:
                app: kafka
",
    "              matchLabels:
                app: kafak
",
);

const TOGETHER: Edit = (
    "      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                app: kafka
",
    "",
);

const TOPOLOGY: Edit = ("          - topologyKey: kubernetes.io/hostname\n", "");

const PREFERRED: Edit = (
    "        whenUnsatisfiable: DoNotSchedule\n",
    "        whenUnsatisfiable: ScheduleAnyway\n",
);

const ARGO: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: streams, namespace: argocd}
spec:
  destination: {namespace: kafka, server: https://kubernetes.default.svc}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [ServerSideApply=true]
";

const FLUX: &str = "
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: streams, namespace: flux-system}
spec:
  interval: 10m
  prune: true
  path: ./kafka
  postBuild:
    substitute: {region: eu}
";

/// A set of brokers whose controller restarts them.
const ROLLING: (&str, &str) = ("    type: OnDelete\n", "    type: RollingUpdate\n");

/// One that no pod takes a change from.
const HELD: (&str, &str) = ("    type: OnDelete\n", "    rollingUpdate: {partition: 1000}\n");

/// A Job that deletes itself.
const VANISHING: (&str, &str) = (
    "spec:\n  activeDeadlineSeconds: 5400\n",
    "spec:\n  activeDeadlineSeconds: 5400\n  ttlSecondsAfterFinished: 3600\n",
);

/// A ServiceMonitor that selects by the label that Argo CD writes.
const BY_INSTANCE: (&str, &str) = (
    "      kafka-stacks/monitored: monitoring\n",
    "      app.kubernetes.io/instance: monitoring\n",
);

const NAMED_AS_THE_CLUSTER: (&str, &str) = ("{name: streams, namespace: argocd}", "{name: kafka, namespace: argocd}");

const CONNECT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: other-connect, namespace: kafka}
spec:
  replicas: 1
  selector: {matchLabels: {app: other-connect}}
  template:
    metadata: {labels: {app: other-connect, sidecar.istio.io/inject: \"false\"}}
    spec:
      enableServiceLinks: false
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      topologySpreadConstraints:
      - {topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [pod-template-hash], labelSelector: {matchLabels: {app: other-connect}}}
      containers:
      - name: connect
        image: confluentinc/cp-kafka-connect:8.3.1
        env:
        - {name: CONNECT_BOOTSTRAP_SERVERS, value: \"kafka:9092\"}
        - {name: CONNECT_GROUP_ID, value: other}
        - {name: CONNECT_CONFIG_STORAGE_TOPIC, value: other-configs}
        - {name: CONNECT_OFFSET_STORAGE_TOPIC, value: other-offsets}
        - {name: CONNECT_STATUS_STORAGE_TOPIC, value: other-status}
        - name: POD_IP
          valueFrom: {fieldRef: {fieldPath: status.podIP}}
        - {name: CONNECT_REST_ADVERTISED_HOST_NAME, value: $(POD_IP)}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
";

const AUTOSCALER: &str = "
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: kafka, namespace: kafka}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: kafka}
  maxReplicas: 9
";

const SCALED_OBJECT: &str = "
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: kafka, namespace: kafka}
spec:
  scaleTargetRef: {kind: StatefulSet, name: kafka}
";

const VERTICAL: &str = "
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: kafka, namespace: kafka}
spec:
  targetRef: {apiVersion: apps/v1, kind: StatefulSet, name: kafka}
";

const DENY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: kafka}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {}}]
";

/// A listener with TLS, whose certificate is in PEM.
const TLS: &[Edit] = &[
    (
        "    listener.security.protocol.map=CLIENT:PLAINTEXT,",
        "    ssl.keystore.type=PEM\n    ssl.keystore.location=/etc/tls/tls-combined.pem\n    listener.security.protocol.map=CLIENT:SSL,",
    ),
    (
        "      - name: config\n        configMap:\n          name: kafka\n",
        "      - name: config\n        configMap:\n          name: kafka\n      - name: tls\n        secret:\n          secretName: brokers\n",
    ),
];

/// The Certificate of the Secret that the brokers get, with these lines, and other objects.
macro_rules! certificate {
    ($($line:literal),* $(; $($more:literal),+)?) => {
        concat!(
            "
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: kafka, namespace: kafka}
spec:
  secretName: brokers
  issuerRef: {name: ca}
  privateKey: {encoding: PKCS8}
",
            $("  ", $line, "\n",)*
            $("---\n", $($more),+)?
        )
    };
}

const PKCS1: &str = "
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: kafka, namespace: kafka}
spec:
  secretName: brokers
  dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]
  issuerRef: {name: ca}
";

const TOO_FEW_NAMES: &str =
    certificate!("dnsNames: [kafka-0.kafka-headless.kafka.svc.cluster.local, kafka.kafka.svc.cluster.local]");

const ENOUGH_NAMES: &str = certificate!("dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]");

/// A listener for clients outside, whose certificate is in PEM.
const OPENED: &[Edit] = &[
    (
        "kafka.svc.cluster.local:9092\n    auto",
        "kafka.svc.cluster.local:9092,EXTERNAL://broker-${env:NODE_ID}.example.com:9094\n    auto",
    ),
    (
        "=CLIENT:PLAINTEXT,",
        "=EXTERNAL:SASL_SSL,CLIENT:PLAINTEXT,",
    ),
    (
        "    listeners=CLIENT://:9092,",
        "    listener.name.external.sasl.enabled.mechanisms=SCRAM-SHA-512
    listener.name.external.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
    listener.name.external.ssl.keystore.type=PEM
    listener.name.external.ssl.keystore.location=/etc/tls/tls-combined.pem
    listeners=EXTERNAL://:9094,CLIENT://:9092,",
    ),
    (
        "          containerPort: 9092\n",
        "          containerPort: 9092\n        - name: tcp-external\n          containerPort: 9094\n",
    ),
    (
        "      - name: config\n        configMap:\n          name: kafka\n",
        "      - name: config\n        configMap:\n          name: kafka\n      - name: tls\n        secret:\n          secretName: brokers\n",
    ),
];

/// The same, and clients outside are not encrypted.
const OPENED_IN_PLAINTEXT: &[Edit] = &[
    OPENED[0],
    (OPENED[1].0, "=EXTERNAL:SASL_PLAINTEXT,CLIENT:PLAINTEXT,"),
    OPENED[2],
    OPENED[3],
];

/// The same, and a port of the machines is advertised.
const OPENED_AT_NODE_PORT: &[Edit] = &[
    (
        OPENED[0].0,
        "kafka.svc.cluster.local:9092,EXTERNAL://broker-${env:NODE_ID}.example.com:3109${env:NODE_ID}\n    auto",
    ),
    OPENED[1],
    OPENED[2],
    OPENED[3],
    OPENED[4],
];

/// The edits of a listener for clients outside, and one more.
const fn and(opened: &[Edit], more: Edit) -> [Edit; 6] {
    [opened[0], opened[1], opened[2], opened[3], opened[4], more]
}

const LOAD_BALANCERS: &str = "
apiVersion: v1
kind: Service
metadata: {name: kafka-0-external, namespace: kafka, annotations: {external-dns.alpha.kubernetes.io/hostname: broker-0.example.com}}
spec:
  type: LoadBalancer
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-0}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
---
apiVersion: v1
kind: Service
metadata: {name: kafka-1-external, namespace: kafka, annotations: {external-dns.alpha.kubernetes.io/hostname: \"broker-1.example.com, one.example.com\"}}
spec:
  type: LoadBalancer
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-1}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
---
apiVersion: v1
kind: Service
metadata: {name: kafka-2-external, namespace: kafka, annotations: {external-dns.alpha.kubernetes.io/hostname: broker-2.example.com}}
spec:
  type: LoadBalancer
  selector: {app: kafka, apps.kubernetes.io/pod-index: \"2\"}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
";

const ROUTES: &str = "
apiVersion: v1
kind: Service
metadata: {name: kafka-0-external, namespace: kafka}
spec:
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-0}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: kafka-0, namespace: kafka}
spec:
  parentRefs: [{name: edge, namespace: gateways}]
  hostnames: [broker-0.example.com]
  rules: [{backendRefs: [{name: kafka-0-external, port: 9094}]}]
---
apiVersion: v1
kind: Service
metadata: {name: kafka-1-external, namespace: kafka}
spec:
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-1}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: kafka-1, namespace: kafka}
spec:
  parentRefs: [{name: edge, namespace: gateways}]
  hostnames: [broker-1.example.com]
  rules: [{backendRefs: [{name: kafka-1-external, port: 9094}]}]
---
apiVersion: v1
kind: Service
metadata: {name: kafka-2-external, namespace: kafka}
spec:
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-2}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: kafka-2, namespace: kafka}
spec:
  parentRefs: [{name: edge, namespace: gateways}]
  hostnames: [broker-2.example.com]
  rules: [{backendRefs: [{name: kafka-2-external, port: 9094}]}]
";

/// The names of all brokers lead to them together.
const ROUTE_TO_ALL: &str = "
apiVersion: v1
kind: Service
metadata: {name: kafka-external, namespace: kafka}
spec:
  selector: {app: kafka}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: kafka-external, namespace: kafka}
spec:
  parentRefs: [{name: edge, namespace: gateways}]
  hostnames: [kafka.example.com]
  rules: [{backendRefs: [{name: kafka-external, port: 9094}]}]
";

const TCP_ROUTE: &str = "
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: kafka-0, namespace: kafka}
spec:
  parentRefs: [{name: edge, namespace: gateways}]
  rules: [{backendRefs: [{name: kafka-0-external, port: 9094}]}]
---
apiVersion: v1
kind: Service
metadata: {name: kafka-0-external, namespace: kafka}
spec:
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-0}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
";

/// One more edit of a listener for clients outside that is not encrypted.
const fn and_in_plaintext(more: Edit) -> [Edit; 5] {
    let opened = OPENED_IN_PLAINTEXT;
    [opened[0], opened[1], opened[2], opened[3], more]
}

/// Controllers that dial each other at a Service for each, and the same where one is listed with the id of another.
const PEERS: [Edit; 3] = [
    (
        "voters=0@kafka-0.kafka-headless.kafka.svc.cluster.local:9093",
        "voters=0@peer-0:9093",
    ),
    (
        ",1@kafka-1.kafka-headless.kafka.svc.cluster.local:9093",
        ",1@peer-1.kafka.svc:9093",
    ),
    (
        ",2@kafka-2.kafka-headless.kafka.svc.cluster.local:9093",
        ",2@peer-2.kafka:9093",
    ),
];
const PEERS_CROSSED: &[Edit] = &[PEERS[0], PEERS[1], (PEERS[2].0, ",2@peer-0.kafka.svc:9093")];
const PEER_SERVICES: &str = "
apiVersion: v1
kind: Service
metadata: {name: peer-0, namespace: kafka}
spec: {publishNotReadyAddresses: true, selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-0}, ports: [{name: tcp-controller, port: 9093}]}
---
apiVersion: v1
kind: Service
metadata: {name: peer-1, namespace: kafka}
spec: {publishNotReadyAddresses: true, selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-1}, ports: [{name: tcp-controller, port: 9093}]}
---
apiVersion: v1
kind: Service
metadata: {name: peer-2, namespace: kafka}
spec: {publishNotReadyAddresses: true, selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-2}, ports: [{name: tcp-controller, port: 9093}]}
";

const ONE_ROUTE: &str = "
apiVersion: v1
kind: Service
metadata: {name: kafka-0-external, namespace: kafka}
spec:
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-0}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: kafka-0, namespace: kafka}
spec:
  parentRefs: [{name: edge, namespace: gateways}]
  hostnames: [broker-0.example.com]
  rules: [{backendRefs: [{name: kafka-0-external, port: 9094}]}]
";

const ONE_LOAD_BALANCER: &str = "
apiVersion: v1
kind: Service
metadata: {name: kafka-0-external, namespace: kafka}
spec:
  type: LoadBalancer
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-0}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external}]
";

const NODE_PORTS: &str = "
apiVersion: v1
kind: Service
metadata: {name: kafka-0-external, namespace: kafka, annotations: {external-dns.alpha.kubernetes.io/hostname: broker-0.example.com}}
spec:
  type: NodePort
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-0}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external, nodePort: 31090}]
---
apiVersion: v1
kind: Service
metadata: {name: kafka-1-external, namespace: kafka, annotations: {external-dns.alpha.kubernetes.io/hostname: broker-1.example.com}}
spec:
  type: NodePort
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-1}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external, nodePort: 31091}]
---
apiVersion: v1
kind: Service
metadata: {name: kafka-2-external, namespace: kafka, annotations: {external-dns.alpha.kubernetes.io/hostname: broker-2.example.com}}
spec:
  type: NodePort
  selector: {app: kafka, statefulset.kubernetes.io/pod-name: kafka-2}
  ports: [{name: tcp-external, port: 9094, targetPort: tcp-external, nodePort: 31092}]
";

/// One Service for all brokers, and another port of it.
const SHARED: &str = "
apiVersion: v1
kind: Service
metadata: {name: kafka-external, namespace: kafka}
spec:
  type: LoadBalancer
  selector: {app: kafka}
  ports: [{name: tcp-external, port: 443, targetPort: 9094}]
";

const EXTERNAL_ADDRESS: &str = "
apiVersion: v1
kind: Service
metadata: {name: kafka-external, namespace: kafka}
spec:
  externalIPs: [192.0.2.1]
  selector: {app: kafka}
  ports: [{name: tcp-external, port: 9094}]
";

const INGRESS: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: kafka, namespace: kafka}
spec:
  rules:
  - host: kafka.example.com
    http:
      paths: [{path: /, pathType: Prefix, backend: {service: {name: kafka, port: {name: tcp-client}}}}]
";

const INGRESS_OF_REGISTRY: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: registry, namespace: kafka}
spec:
  defaultBackend: {service: {name: schema-registry, port: {number: 8081}}}
";

const NAMES_OUTSIDE: &str = certificate!(
    "dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\", broker-0.example.com, broker-1.example.com]"
);

const WILDCARD_OUTSIDE: &str =
    certificate!("dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\", \"*.example.com\"]");

/// Workers that connect as the administrator.
const AS_ADMIN: &[Edit] = &[
    SUPER_USERS,
    (
        "    group.id=voicecore-connect-cluster",
        "    sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"admin\" password=\"${env:POD_IP}\";\n    group.id=voicecore-connect-cluster",
    ),
];

/// Workers with a user of their own.
const AS_CONNECT: &[Edit] = &[
    SUPER_USERS,
    (
        "    group.id=voicecore-connect-cluster",
        "    sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"connect\" password=\"${env:POD_IP}\";\n    group.id=voicecore-connect-cluster",
    ),
];

const SUPER_USERS: Edit = (
    "    num.io.threads=8\n",
    "    num.io.threads=8\n    super.users=User:kafka;User:admin\n",
);

/// Nodes that show certificates to each other.
const TLS_OF_NODES: &[Edit] = &[
    (
        "    listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "    ssl.keystore.type=PEM\n    ssl.keystore.location=/etc/tls/tls-combined.pem\n    ssl.client.auth=required\n    listener.security.protocol.map=CLIENT:SSL,REPLICATION:SSL,CONTROLLER:SSL",
    ),
    TLS[1],
];

/// The same with an authorizer: a rule makes users of one organization.
const SHOP: &[Edit] = &[
    (
        "    listener.security.protocol.map=CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "    ssl.keystore.type=PEM\n    ssl.keystore.location=/etc/tls/tls-combined.pem\n    ssl.client.auth=required\n    authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n    super.users=User:kafka\n    ssl.principal.mapping.rules=RULE:^CN=([^,]+),O=shop$/$1/,DEFAULT\n    listener.security.protocol.map=CLIENT:SSL,REPLICATION:SSL,CONTROLLER:SSL",
    ),
    TLS[1],
];

const CERTIFICATE_OF_SHOP: &str = certificate!(
    "commonName: kafka",
    "subject: {organizations: [shops]}",
    "dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]"
);

const CERTIFICATE_OF_THE_SHOP: &str = certificate!(
    "commonName: kafka",
    "subject: {organizations: [shop]}",
    "dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]"
);

const FOR_SERVERS: &str = certificate!(
    "dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]",
    "usages: [server auth, digital signature]"
);

const AN_APPLICATION: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: shop, namespace: kafka}
data:
  producer.properties: |
    bootstrap.servers=kafka.kafka.svc.cluster.local:9092
    acks=all
    sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"admin\" password=\"${env:PASSWORD}\";
";

/// The file of who administers the cluster.
const TOOLS: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: shop, namespace: kafka}
data:
  admin.properties: |
    bootstrap.servers=kafka.kafka.svc.cluster.local:9092
    sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"admin\" password=\"${env:PASSWORD}\";
";

/// A certificate with these names, and a client in another file that dials the Service and says this of its own.
macro_rules! dialled {
    ($names:literal, $says:literal) => {
        certificate!($names; "apiVersion: v1
kind: ConfigMap
metadata: {name: shop, namespace: kafka}
data:
  consumer.properties: |
    bootstrap.servers=kafka.kafka.svc.cluster.local:9092
    group.id=shop
    security.protocol=SSL
", $says)
    };
}

const DIALLED_BY_THE_SERVICE: &str = dialled!("dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]", "");

const DIALLED_BY_ITS_NAME: &str = dialled!(
    "dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\", kafka.kafka.svc.cluster.local]",
    ""
);

const DIALLED_WITHOUT_COMPARING: &str = dialled!(
    "dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]",
    "    ssl.endpoint.identification.algorithm=\n"
);

const NEVER_RENEWED: &str = certificate!(
    "duration: 720h",
    "renewBefore: 720h",
    "dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]"
);

const RENEWED_LATE: &str = certificate!(
    "renewBefore: 5m",
    "dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]"
);

const RENEWED_IN_TIME: &str = certificate!(
    "duration: 2160h0m0s",
    "renewBefore: 360h",
    "usages: [server auth, client auth]",
    "dnsNames: [\"*.kafka-headless.kafka.svc.cluster.local\"]"
);

/// A Job that gives permissions.
macro_rules! permissions {
    ($arguments:literal, $more:literal) => {
        concat!(
            "
apiVersion: batch/v1
kind: Job
metadata: {name: permissions, namespace: kafka}
spec:
  backoffLimit: 6
  template:
    metadata:
      labels: {app: permissions, \"sidecar.istio.io/inject\": \"false\"}
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: permissions
        image: confluentinc/cp-kafka:8.3.1
        command: [bash, -c, \"kafka-acls --bootstrap-server kafka.kafka.svc.cluster.local:9092 --add ",
            $arguments,
            "\"]
        resources: {requests: {cpu: 100m, memory: 256Mi}, limits: {memory: 256Mi}}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
",
            $more
        )
    };
}

const EVERY_TOPIC: &str = permissions!("--allow-principal User:billing --operation All --topic '*'", "");
const EVERYONE: &str = permissions!("--allow-principal User:* --operation Read --topic orders", "");
const EVERYONE_LOOKS: &str = permissions!(
    "--allow-principal User:monitor --operation Describe --topic '*' --group '*'",
    ""
);
const NO_GROUP: &str = permissions!(
    "--allow-principal User:billing --operation Read --topic orders",
    "---
apiVersion: v1
kind: ConfigMap
metadata: {name: billing, namespace: kafka}
data:
  consumer.properties: |
    bootstrap.servers=kafka.kafka.svc.cluster.local:9092
    group.id=billing-1
    sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"billing\" password=\"${env:PASSWORD}\";
"
);
const GROUP_BY_PREFIX: &str = permissions!(
    "--allow-principal User:billing --operation Read --topic orders && kafka-acls --bootstrap-server kafka.kafka.svc.cluster.local:9092 --add --allow-principal User:billing --operation Read --group billing- --resource-pattern-type prefixed",
    "---
apiVersion: v1
kind: ConfigMap
metadata: {name: billing, namespace: kafka}
data:
  consumer.properties: |
    bootstrap.servers=kafka.kafka.svc.cluster.local:9092
    group.id=billing-1
    sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"billing\" password=\"${env:PASSWORD}\";
"
);

const INGRESS_OF_CONNECT: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: connect, namespace: kafka}
spec:
  rules:
  - host: connect.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: kafka-connect, port: {number: 8083}}}}
";

/// Faults, each with what makes it.
pub(crate) const FAULTS: &[Case] = &[
    case(&pod::VOTERS, Base::Kafka, PEERS_CROSSED, PEER_SERVICES),
    case(&security::KEY_FORMAT, Base::Out("prod"), TLS, PKCS1),
    case(&security::DIALLED_NAME, Base::Out("prod"), TLS, TOO_FEW_NAMES),
    case(&security::SUPER_USER, Base::Out("prod"), AS_ADMIN, ""),
    case(&security::DIALLED_NAME, Base::Kafka, OPENED, NAMES_OUTSIDE),
    case(&security::DIALLED_NAME, Base::Out("prod"), TLS, DIALLED_BY_THE_SERVICE),
    case(&security::DIALLED_NAME, Base::Out("prod"), TLS_OF_NODES, FOR_SERVERS),
    case(&security::RENEWAL, Base::Out("prod"), TLS, NEVER_RENEWED),
    case(&security::SUPER_USER, Base::Out("prod"), &[SUPER_USERS], AN_APPLICATION),
    case(&security::RENEWAL, Base::Out("prod"), TLS, RENEWED_LATE),
    case(&security::WILDCARD, Base::Kafka, &[], EVERY_TOPIC),
    case(&security::WILDCARD, Base::Kafka, &[], EVERYONE),
    case(&security::NOT_PERMITTED, Base::Kafka, &[], NO_GROUP),
    case(&security::NOBODY, Base::Out("prod"), SHOP, CERTIFICATE_OF_SHOP),
    case(&security::PLAINTEXT_OUTSIDE, Base::Out("prod"), &[], INGRESS_OF_CONNECT),
    case(&security::PLAINTEXT_OUTSIDE, Base::Kafka, OPENED_IN_PLAINTEXT, SHARED),
    case(
        &security::PLAINTEXT_OUTSIDE,
        Base::Kafka,
        OPENED_IN_PLAINTEXT,
        EXTERNAL_ADDRESS,
    ),
    case(&security::PLAINTEXT_OUTSIDE, Base::Kafka, &[], INGRESS),
    case(
        &security::PLAINTEXT_OUTSIDE,
        Base::Kafka,
        &[(
            "spec:\n  selector:\n    app: kafka\n",
            "spec:\n  type: NodePort\n  selector:\n    app: kafka\n",
        )],
        "",
    ),
    case(&security::OUTSIDE_ELSEWHERE, Base::Kafka, OPENED, ONE_LOAD_BALANCER),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED, ("index: \"2\"", "index: \"1\"")),
        LOAD_BALANCERS,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED, ("hostname: broker-0.", "hostname: kafka-0.")),
        LOAD_BALANCERS,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED, ("hostname: broker-0.", "hostname: broker-2.")),
        LOAD_BALANCERS,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED, ("port: 9094, targetPort", "port: 9095, targetPort")),
        LOAD_BALANCERS,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED_AT_NODE_PORT, ("nodePort: 31092", "nodePort: 31093")),
        NODE_PORTS,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED_AT_NODE_PORT, (", nodePort: 31091", "")),
        NODE_PORTS,
    ),
    case(&security::OUTSIDE_ELSEWHERE, Base::Kafka, OPENED, ONE_ROUTE),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED, ("hostnames: [broker-1.", "hostnames: [kafka-1.")),
        ROUTES,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED, ("pod-name: kafka-1}", "pod-name: kafka-2}")),
        ROUTES,
    ),
    // The name begins with that of the pod, and is one of the outside all the same.
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED, ("EXTERNAL://broker-${env", "EXTERNAL://kafka-${env")),
        ROUTES,
    ),
    case(&security::PLAINTEXT_OUTSIDE, Base::Kafka, OPENED_IN_PLAINTEXT, ROUTES),
    case(
        &security::PLAINTEXT_OUTSIDE,
        Base::Kafka,
        &and_in_plaintext((
            "{name: kafka-0-external, port: 9094}",
            "{name: kafka-0-external, namespace: kafka, port: 9094}",
        )),
        ROUTES,
    ),
    case(
        &security::PLAINTEXT_OUTSIDE,
        Base::Kafka,
        OPENED_IN_PLAINTEXT,
        TCP_ROUTE,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(
            OPENED,
            (
                "[{name: kafka-2-external, port: 9094}]",
                "[{name: kafka-2-external, port: 9094}, {name: kafka-1-external, port: 9094}]",
            ),
        ),
        ROUTES,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(
            OPENED,
            (
                "[{name: kafka-2-external, port: 9094}]",
                "[{name: kafka-2-external, port: 9094, weight: 0}, {name: kafka-1-external, port: 9094}]",
            ),
        ),
        ROUTES,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(
            OPENED,
            (
                "{app: kafka, statefulset.kubernetes.io/pod-name: kafka-2}",
                "{app: kafka}",
            ),
        ),
        ROUTES,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(
            OPENED,
            ("[broker-2.example.com]", "[broker-2.example.com, broker-1.example.com]"),
        ),
        ROUTES,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(
            OPENED,
            ("[kafka.example.com]", "[kafka.example.com, broker-0.example.com]"),
        ),
        ROUTE_TO_ALL,
    ),
    case(&security::OUTSIDE_ELSEWHERE, Base::Kafka, OPENED, ROUTE_TO_ALL),
    case(&api::PLACEMENT, Base::Kafka, &[SPREAD], ""),
    case(&api::PLACEMENT, Base::Kafka, &[APART], ""),
    case(&api::SHARED_NODE, Base::Kafka, &[TOGETHER], ""),
    case(&api::SHARED_NODE, Base::Kafka, &[PREFERRED], ""),
    // The own pods are those that are left out.
    case(
        &api::SHARED_NODE,
        Base::Kafka,
        &[(
            TOPOLOGY.0,
            "          - topologyKey: kubernetes.io/hostname\n            mismatchLabelKeys: [app]\n",
        )],
        "",
    ),
    case(
        &api::PLACEMENT,
        Base::Out("prod"),
        &[(
            "          app.kubernetes.io/component: broker\n            app.kubernetes.io/instance: kafka\n            app.kubernetes.io/name: kafka\n        maxSkew",
            "          app.kubernetes.io/component: brokers\n            app.kubernetes.io/instance: kafka\n            app.kubernetes.io/name: kafka\n        maxSkew",
        )],
        "",
    ),
    case(
        &api::FORGOTTEN_POOL,
        Base::Out("scale"),
        &[(
            "  selector:\n    app.kubernetes.io/component: broker\n",
            "  selector:\n    kafka-stacks/pool: kafka-a\n    app.kubernetes.io/component: broker\n",
        )],
        "",
    ),
    case(
        &api::FORGOTTEN_POOL,
        Base::Out("scale"),
        &[(
            "  selector:\n    matchLabels:\n      app.kubernetes.io/instance: kafka\n",
            "  selector:\n    matchLabels:\n      kafka-stacks/pool: kafka-a\n      app.kubernetes.io/instance: kafka\n",
        )],
        "",
    ),
    case(
        &api::CUT,
        Base::Kafka,
        &[(
            "          app: kafka\n    ports:\n    - port: tcp-controller\n",
            "          app: kafka\n    ports:\n    - port: 9094\n",
        )],
        "",
    ),
    case(
        &api::CUT,
        Base::Out("prod"),
        &[(
            "    - port: 9091\n      protocol: TCP\n",
            "    - port: 9090\n      protocol: TCP\n",
        )],
        "",
    ),
    case(
        &api::CUT,
        Base::Out("prod"),
        &[(
            "    ports:\n    - port: 9404\n      protocol: TCP\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/component: broker",
            "    ports:\n    - port: 9405\n      protocol: TCP\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/component: broker",
        )],
        "",
    ),
    case(
        &api::CUT,
        Base::Out("prod-dedicated"),
        &[(
            "        matchLabels:\n          app.kubernetes.io/instance: kafka\n          app.kubernetes.io/name: kafka\n    ports:\n    - port: 9093",
            "        matchLabels:\n          app.kubernetes.io/component: controller\n          app.kubernetes.io/name: kafka\n    ports:\n    - port: 9093",
        )],
        "",
    ),
    case(
        &api::CUT,
        Base::Out("prod-zookeeper"),
        &[("    - port: 3888\n      protocol: TCP\n", "")],
        "",
    ),
    case(
        &api::CUT,
        Base::Out("prod-zookeeper"),
        &[(
            "          app.kubernetes.io/name: kafka\n    ports:\n    - port: 2181",
            "          app.kubernetes.io/name: kafak\n    ports:\n    - port: 2181",
        )],
        "",
    ),
    case(&api::CUT, Base::Kafka, &[], DENY),
    case(&api::AUTOSCALED, Base::Kafka, &[], AUTOSCALER),
    case(&api::AUTOSCALED, Base::Out("prod"), &[], SCALED_OBJECT),
    case(&api::AUTOSCALED, Base::Out("prod-dedicated"), &[], VERTICAL),
    case(
        &api::MEMORY_REQUEST,
        Base::Kafka,
        &[(
            "resources: {requests: {memory: 4Gi}}",
            "resources: {requests: {cpu: 1}}",
        )],
        "",
    ),
    case(&api::ROLL_TOGETHER, Base::Out("scale"), &[ROLLING, ROLLING], ""),
    case(
        &durability::ZONES,
        Base::Out("scale"),
        &[("broker.rack=eu-central-1c", "broker.rack=eu-central-1b")],
        "",
    ),
    case(
        &durability::ZONES,
        Base::Out("scale"),
        &[("    broker.rack=eu-central-1c\n", "")],
        "",
    ),
    case(
        &pod::BUDGET,
        Base::Kafka,
        &[("maxUnavailable: 1", "maxUnavailable: 50%")],
        "",
    ),
    case(
        &pod::BUDGET,
        Base::Out("scale"),
        &[(
            "  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/component: broker",
            "  minAvailable: 5\n  selector:\n    matchLabels:\n      app.kubernetes.io/component: broker",
        )],
        "",
    ),
    case(
        &registry::GROUP,
        Base::Out("prod"),
        &[(
            "CONNECT_GROUP_ID, value: other",
            "CONNECT_GROUP_ID, value: voicecore-connect-cluster",
        )],
        CONNECT,
    ),
    case(
        &topic::TWICE,
        Base::Out("prod"),
        &[("value: other-offsets", "value: connect-offsets")],
        CONNECT,
    ),
    case(
        &topic::TWICE,
        Base::Out("prod"),
        &[("value: other-offsets", "value: other-configs")],
        CONNECT,
    ),
    case(
        &topic::TWICE,
        Base::Out("prod"),
        &[(
            "    billing.transactions partitions=12\n",
            "    billing.transactions partitions=12\n    ai.interactions partitions=12\n",
        )],
        "",
    ),
    case(
        &topic::TWICE,
        Base::Kafka,
        &[],
        "
apiVersion: kafka.strimzi.io/v1
kind: KafkaTopic
metadata: {name: orders, namespace: kafka, labels: {strimzi.io/cluster: streams}}
spec: {partitions: 3}
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaTopic
metadata: {name: orders-2, namespace: kafka, labels: {strimzi.io/cluster: streams}}
spec: {partitions: 6, topicName: orders}
",
    ),
    case(
        &api::TRANSACTIONAL_ID,
        Base::Out("prod"),
        &[(
            "  idempotent-producer.properties: |\n",
            "  idempotent-producer.properties: |\n    transactional.id=voicecore-${env:POD_NAME}\n",
        )],
        "",
    ),
    case(
        &api::TRANSACTIONAL_ID,
        Base::Out("prod"),
        &[
            (
                "- {name: CONNECT_GROUP_ID",
                "- {name: APP_TRANSACTIONAL_ID, value: billing}\n        - {name: CONNECT_GROUP_ID",
            ),
            (
                "spec:\n  replicas: 1\n  selector: {matchLabels: {app: other-connect}}",
                "spec:\n  replicas: 2\n  selector: {matchLabels: {app: other-connect}}",
            ),
        ],
        CONNECT,
    ),
    case(
        &api::SUBSTITUTED,
        Base::Out("prod"),
        &[(
            "    kustomize.toolkit.fluxcd.io/substitute: disabled\n",
            "    team: streams\n",
        )],
        FLUX,
    ),
    case(&api::PRUNED_NAMESPACE, Base::Kafka, &[], ARGO),
    case(&api::PRUNED_NAMESPACE, Base::Kafka, &[], FLUX),
    case(&api::VANISHING_JOB, Base::Out("prod"), &[VANISHING], ARGO),
    case(&api::INSTANCE_LABEL, Base::Out("prod"), &[BY_INSTANCE], ARGO),
    case(&api::OWN_CLAIMS, Base::Out("prod"), &[NAMED_AS_THE_CLUSTER], ARGO),
    case(
        &api::RELABELED,
        Base::Out("prod"),
        &[("    - action: replace\n      replacement", "    - replacement")],
        ARGO,
    ),
    Case {
        words: &["--platform", "openshift"],
        ..case(&identity::FIXED_USER, Base::Kafka, &[], "")
    },
    case(
        &identity::MESH_PORT,
        Base::Kafka,
        &[
            (
                "app: kafka\n        sidecar.istio.io/inject: \"false\"",
                "app: kafka\n        sidecar.istio.io/inject: \"true\"",
            ),
            (
                "  - name: tcp-controller\n    port: 9093\n    targetPort: tcp-controller\n",
                "",
            ),
        ],
        "",
    ),
    case(
        &api::NO_OBJECT,
        Base::Kafka,
        &[("apiVersion: apps/v1\n", "apiVersion: Apps/v1\n")],
        "",
    ),
    case(
        &api::NO_OBJECT,
        Base::Kafka,
        &[("apiVersion: apps/v1\n", "apiVersion: app/v1\n")],
        "",
    ),
    case(
        &api::NO_OBJECT,
        Base::Kafka,
        &[],
        "apiVersion: coordination.k8s.io/v1beta1\nkind: Lease\nmetadata: {name: a, namespace: kafka}\n",
    ),
    case(
        &api::NO_OBJECT,
        Base::Kafka,
        &[],
        "apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a, namespace: kafka}\n",
    ),
];

/// What only looks like a fault.
const SOUND: &[Case] = &[
    case(&security::KEY_FORMAT, Base::Out("prod"), TLS, ENOUGH_NAMES),
    case(&security::DIALLED_NAME, Base::Out("prod"), TLS, ENOUGH_NAMES),
    case(&security::DIALLED_NAME, Base::Out("prod"), TLS, DIALLED_BY_ITS_NAME),
    case(&security::DIALLED_NAME, Base::Out("prod"), TLS, DIALLED_WITHOUT_COMPARING),
    case(&security::DIALLED_NAME, Base::Out("prod"), TLS_OF_NODES, RENEWED_IN_TIME),
    case(&security::RENEWAL, Base::Out("prod"), TLS, RENEWED_IN_TIME),
    case(&pod::VOTERS, Base::Kafka, &PEERS, PEER_SERVICES),
    // Names of listeners are compared in capitals.
    case(&pod::ADVERTISED_ELSEWHERE, Base::Kafka, &[("    listeners=CLIENT:", "    listeners=client:")], ""),
    case(&security::SUPER_USER, Base::Out("prod"), &[SUPER_USERS], TOOLS),
    case(&security::NOBODY, Base::Out("prod"), SHOP, CERTIFICATE_OF_THE_SHOP),
    case(&security::WILDCARD, Base::Kafka, &[], EVERYONE_LOOKS),
    case(&security::NOT_PERMITTED, Base::Kafka, &[], GROUP_BY_PREFIX),
    case(&security::SUPER_USER, Base::Out("prod"), AS_CONNECT, ""),
    case(&security::DIALLED_NAME, Base::Kafka, OPENED, WILDCARD_OUTSIDE),
    case(&security::PLAINTEXT_OUTSIDE, Base::Kafka, OPENED, SHARED),
    case(&security::PLAINTEXT_OUTSIDE, Base::Kafka, OPENED, EXTERNAL_ADDRESS),
    case(&security::PLAINTEXT_OUTSIDE, Base::Kafka, &[], INGRESS_OF_REGISTRY),
    case(&security::OUTSIDE_ELSEWHERE, Base::Kafka, OPENED, LOAD_BALANCERS),
    case(&security::OUTSIDE_ELSEWHERE, Base::Kafka, OPENED_AT_NODE_PORT, NODE_PORTS),
    case(&security::OUTSIDE_ELSEWHERE, Base::Kafka, OPENED, ROUTES),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED, ("{name: kafka-2-external, port: 9094}", "{name: kafka-2-external, namespace: kafka, port: 9094}, {name: kafka-1-external, port: 9094, weight: 0}")),
        ROUTES,
    ),
    // Clients outside dial these brokers at names of another domain.
    case(&security::OUTSIDE_ELSEWHERE, Base::Kafka, &and(OPENED, ("[kafka.example.com]", "[kafka.example.org]")), ROUTE_TO_ALL),
    // A route of a mesh leads nowhere outside.
    case(
        &security::PLAINTEXT_OUTSIDE,
        Base::Kafka,
        &and_in_plaintext(("[{name: edge, namespace: gateways}]", "[{kind: Service, group: \"\", name: kafka-0-external}]")),
        TCP_ROUTE,
    ),
    case(
        &security::OUTSIDE_ELSEWHERE,
        Base::Kafka,
        &and(OPENED, ("hostnames: [broker-1.example.com]", "hostnames: ['*.example.com']")),
        ROUTES,
    ),
    // Something else leads to each broker: a proxy that reads the name in the handshake.
    case(&security::OUTSIDE_ELSEWHERE, Base::Kafka, OPENED, SHARED),
    case(&security::OUTSIDE_ELSEWHERE, Base::Kafka, OPENED, ""),
    case(
        &api::PLACEMENT,
        Base::Kafka,
        &[(SPREAD.0, "      terminationGracePeriodSeconds: 330
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchExpressions: [{key: app, operator: In, values: [kafka, more]}]}}
")],
        "",
    ),
    // Each pod has the label as its template says it.
    case(
        &api::SHARED_NODE,
        Base::Kafka,
        &[(TOPOLOGY.0, "          - topologyKey: kubernetes.io/hostname\n            matchLabelKeys: [app]\n")],
        "",
    ),
    // A node has only one port of each number.
    case(
        &api::SHARED_NODE,
        Base::Kafka,
        &[TOGETHER, ("      initContainers:\n      - name: format\n", "      hostNetwork: true\n      initContainers:\n      - name: format\n")],
        "",
    ),
    // As many zones as replicas.
    case(
        &api::SHARED_NODE,
        Base::Kafka,
        &[("          - topologyKey: kubernetes.io/hostname\n", "          - topologyKey: topology.kubernetes.io/zone\n")],
        "",
    ),
    // Away from others, which are here.
    case(
        &api::PLACEMENT,
        Base::Kafka,
        &[(
            "        podAntiAffinity:\n",
            "        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: schema-registry}}}}]
",
        )],
        "",
    ),
    // A Service for each pool beside that for all.
    case(
        &api::FORGOTTEN_POOL,
        Base::Out("scale"),
        &[],
        "
apiVersion: v1
kind: Service
metadata: {name: kafka-a, namespace: kafka}
spec:
  selector: {kafka-stacks/pool: kafka-a}
  ports: [{name: tcp-client, port: 9092, targetPort: tcp-client}]
",
    ),
    // Ranges, all ports, all pods.
    case(
        &api::CUT,
        Base::Kafka,
        &[("          app: kafka\n    ports:\n    - port: tcp-controller\n", "          app: kafka\n    ports:\n    - port: 9090\n      endPort: 9095\n")],
        "",
    ),
    case(
        &api::CUT,
        Base::Kafka,
        &[("  - from:\n    - podSelector:\n        matchLabels:\n          app: kafka\n    ports:\n    - port: tcp-controller\n", "  - from:\n    - namespaceSelector: {matchLabels: {istio-injection: enabled}}\n")],
        "",
    ),
    Case { words: &["--assume", "NetworkPolicy"], ..case(&api::CUT, Base::Kafka, &[], DENY) },
    case(&api::CUT, Base::Kafka, &[("  - to: [{podSelector: {}}]\n", "  - to: [{podSelector: {}}]\n  - ports: [{port: 53, protocol: UDP}]\n")], DENY),
    // Workers keep nothing, and advice does no harm.
    case(
        &api::AUTOSCALED,
        Base::Out("prod"),
        &[("kind: StatefulSet, name: kafka}\n  maxReplicas", "kind: Deployment, name: kafka-connect}\n  maxReplicas")],
        AUTOSCALER,
    ),
    case(&api::AUTOSCALED, Base::Kafka, &[("name: kafka}\n", "name: kafka}\n  updatePolicy: {updateMode: \"Off\"}\n")], VERTICAL),
    case(&api::MEMORY_REQUEST, Base::Kafka, &[("requests: {memory: 4Gi}", "limits: {memory: 8Gi}")], ""),
    case(&pod::BUDGET, Base::Kafka, &[("maxUnavailable: 1", "minAvailable: 60%")], ""),
    case(&registry::GROUP, Base::Out("prod"), &[], CONNECT),
    // The same names in another cluster.
    case(
        &registry::GROUP,
        Base::Out("prod"),
        &[("CONNECT_GROUP_ID, value: other", "CONNECT_GROUP_ID, value: voicecore-connect-cluster"), ("value: \"kafka:9092\"", "value: \"broker.example.com:9092\"")],
        CONNECT,
    ),
    case(&topic::TWICE, Base::Out("prod"), &[("value: other-offsets", "value: connect-offsets"), ("value: \"kafka:9092\"", "value: \"broker.example.com:9092\"")], CONNECT),
    case(&api::TRANSACTIONAL_ID, Base::Out("prod"), &[("  idempotent-producer.properties: |\n", "  idempotent-producer.properties: |\n    transactional.id=import-${env:POD_NAME}\n")], ""),
    // A Kustomization that substitutes nothing, objects that are left as they are, and variables that are meant.
    case(
        &api::SUBSTITUTED,
        Base::Out("prod"),
        &[
            ("    kustomize.toolkit.fluxcd.io/substitute: disabled\n", "    team: streams\n"),
            ("  postBuild:\n    substitute: {region: eu}\n", ""),
        ],
        FLUX,
    ),
    // One set that rolls beside others that do not, and sets that a partition holds back.
    case(&api::ROLL_TOGETHER, Base::Out("scale"), &[ROLLING], ""),
    case(&api::ROLL_TOGETHER, Base::Out("scale"), &[ROLLING, HELD], ""),
    // Another name of a rack, and names that the pods find out.
    case(
        &durability::ZONES,
        Base::Out("scale"),
        &[("broker.rack=eu-central-1c", "broker.rack=eu-central-1d")],
        "",
    ),
    case(
        &durability::ZONES,
        Base::Out("scale"),
        &[("broker.rack=eu-central-1c", "broker.rack=${env:ZONE}")],
        "",
    ),
    // What stacks render is left alone by both.
    case(&api::SUBSTITUTED, Base::Out("prod"), &[], FLUX),
    case(&api::PRUNED_NAMESPACE, Base::Out("prod"), &[], FLUX),
    case(&api::PRUNED_NAMESPACE, Base::Out("prod"), &[], ARGO),
    case(&api::VANISHING_JOB, Base::Out("prod"), &[], ARGO),
    case(&api::INSTANCE_LABEL, Base::Out("prod"), &[], ARGO),
    case(&api::OWN_CLAIMS, Base::Out("prod"), &[], ARGO),
    case(
        &api::OWN_CLAIMS,
        Base::Out("prod"),
        &[NAMED_AS_THE_CLUSTER, ("destination: {namespace: kafka,", "destination: {namespace: other,")],
        ARGO,
    ),
    // Its pods have no claims.
    case(&api::OWN_CLAIMS, Base::Out("prod"), &[("{name: streams, namespace: argocd}", "{name: kafka-connect, namespace: argocd}")], ARGO),
    case(&api::RELABELED, Base::Out("prod"), &[], ARGO),
    case(
        &api::SUBSTITUTED,
        Base::Kafka,
        &[("metadata:\n  name: kafka\n  namespace: kafka\ndata:", "metadata:\n  name: kafka\n  namespace: kafka\n  annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}\ndata:")],
        FLUX,
    ),
    case(
        &api::PRUNED_NAMESPACE,
        Base::Kafka,
        &[("  name: kafka\n  labels:", "  name: kafka\n  annotations: {argocd.argoproj.io/sync-options: \"Prune=false,Delete=false\"}\n  labels:")],
        ARGO,
    ),
    case(
        &api::VANISHING_JOB,
        Base::Out("prod"),
        &[VANISHING, ("kind: Job\nmetadata:\n  annotations:\n", "kind: Job\nmetadata:\n  annotations:\n    argocd.argoproj.io/hook: Sync\n")],
        ARGO,
    ),
    // An application for another namespace.
    case(&api::VANISHING_JOB, Base::Out("prod"), &[VANISHING, ("destination: {namespace: kafka,", "destination: {namespace: other,")], ARGO),
    case(
        &api::INSTANCE_LABEL,
        Base::Out("prod"),
        &[BY_INSTANCE, ("{name: streams, namespace: argocd}", "{name: monitoring, namespace: argocd}")],
        ARGO,
    ),
    case(
        &api::RELABELED,
        Base::Out("prod"),
        &[("    - action: replace\n      replacement", "    - replacement"), ("    syncOptions: [ServerSideApply=true]\n", "")],
        ARGO,
    ),
    Case {
        words: &["--platform", "openshift"],
        ..case(
            &identity::FIXED_USER,
            Base::Kafka,
            &[],
            "
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: kafka, namespace: kafka}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: \"system:openshift:scc:nonroot-v2\"}
subjects: [{kind: ServiceAccount, name: default, namespace: kafka}]
",
        )
    },
    // What OpenShift fills in is not missing there.
    Case {
        words: &["--platform", "openshift"],
        ..case(
            &pod::VOLUME_OWNER,
            Base::Kafka,
            &[("        fsGroup: 1000\n        runAsNonRoot: true\n        runAsUser: 1000\n        seccompProfile:\n          type: RuntimeDefault\n", "        runAsNonRoot: true\n")],
            "",
        )
    },
    Case {
        words: &["--platform", "openshift"],
        ..case(
            &pod::RESTRICTED,
            Base::Kafka,
            &[("        fsGroup: 1000\n        runAsNonRoot: true\n        runAsUser: 1000\n        seccompProfile:\n          type: RuntimeDefault\n", "        runAsNonRoot: true\n")],
            "",
        )
    },
    case(&api::NO_OBJECT, Base::Kafka, &[], "apiVersion: example.com/v1\nkind: StatefulSet\nmetadata: {name: a, namespace: kafka}\n"),
    case(&api::NO_OBJECT, Base::Kafka, &[], "apiVersion: storage.k8s.io/v1beta1\nkind: VolumeAttributesClass\nmetadata: {name: a}\ndriverName: a\n"),
    // Started one after the other, but ready at once: nothing waits.
    case(
        &pod::QUORUM_START,
        Base::Out("prod-zookeeper"),
        &[
            ("  podManagementPolicy: Parallel\n  replicas: 3\n  selector:\n    matchLabels:\n      app.kubernetes.io/component: server", "  replicas: 3\n  selector:\n    matchLabels:\n      app.kubernetes.io/component: server"),
            ("- exec 3<>/dev/tcp/127.0.0.1/2181 && printf srvr >&3", "- exec 3<>/dev/tcp/127.0.0.1/2181 && printf ruok >&3"),
            ("        startupProbe:\n          failureThreshold: 60\n          periodSeconds: 10\n          tcpSocket:\n            port: tcp-client\n          timeoutSeconds: 5\n        volumeMounts:\n        - name: data\n          mountPath: /var/lib/zookeeper/data", "        volumeMounts:\n        - name: data\n          mountPath: /var/lib/zookeeper/data"),
        ],
        "",
    ),
    // Pods and Services that an operator makes.
    case(
        &api::SELECTS_NOTHING,
        Base::Kafka,
        &[],
        "
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: streams, namespace: kafka}
spec:
  selector: {matchLabels: {strimzi.io/kind: Kafka}}
  podMetricsEndpoints: [{port: tcp-prometheus}]
",
    ),
    case(
        &pod::ADDRESS,
        Base::Out("prod"),
        &[("value: kafka.kafka.svc.cluster.local:9092", "value: streams-kafka-bootstrap.kafka.svc:9092")],
        "
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {name: streams, namespace: kafka}
spec: {kafka: {}}
",
    ),
    // A test of a chart.
    case(
        &pod::TOPICS,
        Base::Kafka,
        &[
            ("metadata:\n  name: kafka-topics\n  namespace: kafka\n", "metadata:\n  name: kafka-topics\n  namespace: kafka\n  annotations: {helm.sh/hook: test}\n"),
            ("; kafka-configs --bootstrap-server kafka:9092 --alter --topic a", ""),
        ],
        "",
    ),
];

/// All objects of a base, as one text.
fn text(base: Base) -> String {
    match base {
        Base::Kafka => KAFKA.to_owned(),
        Base::Out(stack) => rendered(stack),
    }
}

/// The manifests of a case.
pub(crate) fn manifests(case: &Case) -> String {
    let mut text = text(case.base);
    if !case.more.is_empty() {
        text += "---\n";
        text += case.more;
    }
    for (from, to) in case.edits {
        assert!(text.contains(from), "{}: {from:?} is not there", case.rule.id);
        text = text.replacen(from, to, 1);
    }
    text
}

/// What is said about a case.
fn said(case: &Case) -> Vec<Said> {
    let layout = match case.base {
        Base::Kafka => "objects/kafka",
        Base::Out(stack) => stack,
    };
    said_about(layout, case.edits, case.more, case.platform())
}

#[test]
fn each_fault_among_objects_is_found_by_its_rule() {
    let mut all = String::new();
    for case in FAULTS {
        let said = said(case);
        assert!(
            said.iter().any(|said| said.rule == case.rule.id),
            "{} is quiet about {:?} {}: {said:?}",
            case.rule.id,
            case.edits,
            case.more
        );
        all += &format!("# {}\n{}", case.rule.id, shown(&said));
    }
    assert_snapshot!("surroundings", all);
}

#[test]
fn what_only_looks_like_a_fault_among_objects_is_not_reported() {
    for case in SOUND {
        // What the command line assumes, it alone knows.
        let found = if case.words.contains(&"--assume") {
            check(&[("a.yaml", &manifests(case))], case.words).contains(&format!("[{}]", case.rule.id))
        } else {
            said(case).iter().any(|said| said.rule == case.rule.id)
        };
        assert!(!found, "{} about {:?} {}", case.rule.id, case.edits, case.more);
    }
}

#[test]
fn objects_of_a_release_are_in_its_namespace_also_where_a_template_does_not_say_it() {
    let object = |namespace: &str| {
        format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: a{namespace}, labels: {{app.kubernetes.io/managed-by: Helm}}}}
spec:
  selector: {{matchLabels: {{app: a}}}}
  template:
    metadata: {{labels: {{app: a}}}}
    spec:
      containers:
      - {{name: a, image: \"a:1\", envFrom: [{{configMapRef: {{name: a}}}}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: a, labels: {{app.kubernetes.io/managed-by: Helm}}}}
data: {{a: b}}
"
        )
    };
    assert_eq!(check(&[("a.yaml", &object(", namespace: x"))], &[]), "exit 0\n");
    assert_eq!(check(&[("a.yaml", &object(""))], &[]), "exit 0\n");
}

#[test]
fn clusters_of_the_same_names_in_two_namespaces_are_not_taken_for_one() {
    let here = text(Base::Out("prod-zookeeper"));
    let there = here
        .replace("namespace: kafka", "namespace: other")
        .replace(".kafka.svc", ".other.svc")
        .replacen(
            "kind: Namespace\nmetadata:\n  name: kafka",
            "kind: Namespace\nmetadata:\n  name: other",
            1,
        );
    let shown = check(&[("a.yaml", &here), ("b.yaml", &there)], &[]);
    for rule in [
        &api::CUT,
        &api::FORGOTTEN_POOL,
        &api::TRANSACTIONAL_ID,
        &registry::GROUP,
        &topic::TWICE,
    ] {
        assert!(!shown.contains(&format!("[{}]", rule.id)), "{shown}");
    }
}
