//! The stack itself.

use crate::diagnostics::{
    Severity::{Error, Off, Warning},
    family::rules,
};

rules! { rules::stack;
    /// A name that Kubernetes refuses.
    pub const NAME: Rule = Rule {
        id: "KS-S01",
        production: Error,
        development: Error,
        summary: "a name that Kubernetes refuses",
        explanation: "Kubernetes limits the length and the characters of every name, and derives others from it: the \
            pods of a StatefulSet carry its name with ten digits as a label value of at most 63 characters, a \
            Service's name is a DNS label that begins with a letter. A name that breaks the limit is refused when the \
            manifest is applied, or worse, when the controller creates the pod.",
        source: "Kubernetes, Object Names and IDs; RFC 1123, RFC 1035",
    };

    /// Two constructs with one name.
    pub const CONSTRUCT_TWICE: Rule = Rule {
        id: "KS-S02",
        production: Error,
        development: Error,
        summary: "two constructs with one name",
        explanation: "The name of a construct is the folder of its manifests and the label that selects its pods. \
            Two constructs of one name would overwrite each other's files, and their Services would forward to each \
            other's pods.",
        source: "the layout of the output",
    };

    /// Two objects with one name.
    pub const OBJECT_TWICE: Rule = Rule {
        id: "KS-S03",
        production: Error,
        development: Error,
        summary: "two objects with one name",
        explanation: "Two objects of the same kind, namespace and name are one object to the API server: the one that \
            is applied last silently replaces the other.",
        source: "Kubernetes, Object Names and IDs",
    };

    /// An amendment that matches nothing.
    pub const AMENDMENT: Rule = Rule {
        id: "KS-S04",
        production: Error,
        development: Error,
        summary: "an amendment that matches nothing",
        explanation: "An amendment names the kind and the name of the object that it changes. If there is no such \
            object the change is lost, for example after a typing error or when a construct was renamed.",
        source: "the contract of `Stack::amend`",
    };

    /// An unused acknowledgement.
    pub const ACKNOWLEDGED_NOTHING: Rule = Rule {
        id: "KS-S05",
        production: Warning,
        development: Warning,
        summary: "an unused acknowledgement or acceptance",
        explanation: "When the stack is fixed, the acknowledgement stays. It would hide the same mistake if it comes \
            back, so remove it. A change that is accepted for `diff` is the same: once it is merged, the next change of its kind would be \
            accepted too.",
        source: "the contract of `acknowledge` and `Stack::accept`",
    };

    /// An acknowledgement of an error.
    pub const ACKNOWLEDGED_ERROR: Rule = Rule {
        id: "KS-S06",
        production: Error,
        development: Error,
        summary: "an acknowledgement of an error",
        explanation: "With an error the system does not start, loses data or does not alert. It must be fixed and \
            cannot be acknowledged.",
        source: "the contract of `acknowledge`",
    };

    /// A handle of another stack.
    pub const OTHER_STACK: Rule = Rule {
        id: "KS-S07",
        production: Error,
        development: Error,
        summary: "a handle of another stack",
        explanation: "A handle holds addresses as they were when its construct was added, and what is built from it \
            looks for pods by their labels in its own namespace. In another stack, or after the DNS domain was \
            changed, its addresses do not resolve and alerts match nothing.",
        source: "the contract of `Stack::add`",
    };

    /// A password in plain text.
    pub const SECRET: Rule = Rule {
        id: "KS-S08",
        production: Error,
        development: Warning,
        summary: "a password in plain text",
        explanation: "Settings are written into a `ConfigMap`, which is committed to a repository and readable by \
            everyone who may look at the namespace. A password belongs in a Secret, from which the pod gets an \
            environment variable that `${env:NAME}` names.",
        source: "Kubernetes, Good practices for Secrets; Kafka documentation, EnvVarConfigProvider",
    };

    /// A raw setting with an invalid name, or set twice.
    pub const RAW_SETTING: Rule = Rule {
        id: "KS-S09",
        production: Error,
        development: Error,
        summary: "a raw setting with an invalid name, or set twice",
        explanation: "A key has letters, digits, `.`, `_` and `-`: no setting of Kafka has other characters, and \
            Kafka silently ignores unknown settings. Of two values for one key the first has no effect.",
        source: "Kafka documentation, configuration",
    };

    /// An acknowledgement without a reason.
    pub const ACKNOWLEDGED_WITHOUT_REASON: Rule = Rule {
        id: "KS-S10",
        production: Error,
        development: Error,
        summary: "an acknowledgement without a reason",
        explanation: "The next reader needs the reason to judge whether the warning can still be accepted. Without \
            it the acknowledgement only hides the warning.",
        source: "the contract of `acknowledge`",
    };

    /// A pod option that cannot work.
    pub const POD_OPTION: Rule = Rule {
        id: "KS-S21",
        production: Error,
        development: Error,
        summary: "an option of a pod that cannot work",
        explanation: "A JVM option is one word of a shell's command: a space or a quote would end it, and Kubernetes \
            would replace `$(NAME)` in it with the value of a variable, a password too. A second heap size would \
            replace \
            the one that fits the container's memory, and a JVM with two garbage collectors does not start. The name \
            of a logger is the key of a file. \
            Of two environment variables with one name only the last has an effect.",
        source: "Kafka, kafka-run-class.sh; Kubernetes, Define Environment Variables for a Container",
    };

    /// Kubernetes 1.35 before its regression was fixed.
    pub const ROLLING_UPDATE: Rule = Rule {
        id: "KS-S22",
        production: Warning,
        development: Off,
        summary: "a Kubernetes version whose first patch releases stop rolling updates",
        explanation: "Kubernetes 1.35.0 counts an unready pod of the old revision towards `maxUnavailable`, so a \
            StatefulSet whose pods start in parallel never replaces a pod that does not become ready: a change that \
            would fix it is not rolled out. A later patch release of 1.35 turns the feature gate \
            MaxUnavailableStatefulSet off. Acknowledge this with the patch release that the cluster runs, or delete \
            the unready pod by hand.",
        source: "kubernetes/kubernetes #137409 and #137926",
    };

    /// Something that the targeted Kubernetes does not have.
    pub const KUBERNETES_VERSION: Rule = Rule {
        id: "KS-S23",
        production: Error,
        development: Error,
        summary: "something that needs a newer Kubernetes",
        explanation: "The stack has to run on the version in `Stack::kubernetes`, and Kubernetes ignores or refuses \
            fields that it does not know yet. Sidecars of a Job need 1.29: in earlier versions an init container that \
            keeps running prevents the Job from starting.",
        source: "Kubernetes, Sidecar Containers",
    };

    /// An amendment that changes nothing.
    pub const AMENDMENT_WITHOUT_EFFECT: Rule = Rule {
        id: "KS-S11",
        production: Warning,
        development: Warning,
        summary: "an amendment that changes nothing",
        explanation: "An amendment that looks for a text or a field that the object no longer has leaves it as it \
            is, for example after an upgrade of this crate. What it was meant to change, such as the security of a \
            listener, then silently stays at its default.",
        source: "the contract of `Stack::amend`",
    };

    /// A namespace that Kubernetes creates itself.
    pub const INITIAL_NAMESPACE: Rule = Rule {
        id: "KS-S12",
        production: Warning,
        development: Warning,
        summary: "a namespace that Kubernetes creates itself",
        explanation: "`default`, `kube-system`, `kube-public` and `kube-node-lease` exist in every cluster, with \
            pods of others in them. The Namespace of a stack enforces the restricted level of Pod Security, which \
            would refuse those pods, and deleting the stack would delete the namespace with everything in it. So the \
            stack emits none.",
        source: "Kubernetes, Namespaces, Initial namespaces; Pod Security Admission",
    };

    /// A stack without constructs.
    pub const EMPTY: Rule = Rule {
        id: "KS-S13",
        production: Warning,
        development: Warning,
        summary: "a stack without constructs",
        explanation: "A stack to which nothing was added emits its Namespace at most. A call of `stack.add(…)` is \
            missing, or the stack is no longer needed: applying it with pruning would delete everything that it had \
            before.",
        source: "the contract of `Stack::add`",
    };

    /// An object that two stacks write.
    pub const OBJECT_OF_TWO_STACKS: Rule = Rule {
        id: "KS-S14",
        production: Error,
        development: Error,
        summary: "an object that two stacks write",
        explanation: "Two stacks that write the same object of one Kubernetes cluster overwrite each other at every \
            apply, and with pruning one deletes what the other needs. Use another namespace or name. If the stacks \
            run in different clusters, name the cluster with `Stack::kubernetes_cluster`. Only stacks of the same \
            run of `synth` or `check` are compared.",
        source: "kubectl apply; Kubernetes, Object Names and IDs",
    };

    /// A topic or a group that two stacks declare.
    pub const TOPIC_OF_TWO_STACKS: Rule = Rule {
        id: "KS-S15",
        production: Error,
        development: Error,
        summary: "a topic or group of one Kafka cluster that two stacks declare",
        explanation: "If the declarations of a topic differ, each apply of one stack undoes what the other did. If \
            they are equal today, a change in one of the two is undone by the other: a topic needs one owner. \
            Workers of two Connect clusters that share a group or its topics overwrite each other's connectors and \
            offsets. Declare it in one stack. If the stacks run in different Kubernetes clusters, name the cluster \
            with `Stack::kubernetes_cluster`.",
        source: "the contract of `Topics`; Kafka documentation, distributed workers",
    };
}
