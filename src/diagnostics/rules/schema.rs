//! Schemas of records, and the subjects that they are registered under.

use crate::diagnostics::{
    Severity::{Error, Note, Warning},
    family::rules,
};

rules! { rules::schema;
    /// A schema that cannot be read.
    pub const SYNTAX: Rule = Rule {
        id: "KS-V01",
        production: Error,
        development: Error,
        summary: "a schema file that cannot be read",
        explanation: "A schema of Avro or JSON Schema is JSON, without comments and without a comma before a closing \
            bracket; one of Protobuf has a message. The registry answers 422, `Input schema is an invalid schema`, \
            without a line.",
        source: "RFC 8259; Confluent, Schema Registry API reference",
    };

    /// A type that Avro does not know or that is not complete.
    pub const TYPE: Rule = Rule {
        id: "KS-V02",
        production: Error,
        development: Error,
        summary: "a type that Avro does not know or that is not complete",
        explanation: "A record has `fields`, an enum `symbols`, a fixed a `size`, an array `items` and a map `values`. \
            Other names are those of types that the schema defined before. A record of which every value contains \
            another one cannot be written.",
        source: "Apache Avro specification, schema declaration",
    };

    /// A name that Avro refuses.
    pub const NAME: Rule = Rule {
        id: "KS-V03",
        production: Error,
        development: Error,
        summary: "a name that Avro refuses",
        explanation: "Names of types, fields and symbols, and the parts of a namespace, have letters of ASCII, digits \
            and `_`, and do not begin with a digit. Generated classes carry these names.",
        source: "Apache Avro specification, names",
    };

    /// Something that is defined twice.
    pub const TWICE: Rule = Rule {
        id: "KS-V04",
        production: Error,
        development: Error,
        summary: "a type, field, symbol or branch that is there twice",
        explanation: "Fields and symbols are found by their name, and branches of a union by their type. A second one \
            could not be told from the first, and Avro refuses the schema.",
        source: "Apache Avro specification, schema declaration",
    };

    /// A default that does not fit its type.
    pub const DEFAULT: Rule = Rule {
        id: "KS-V05",
        production: Error,
        development: Error,
        summary: "a default that does not fit its type",
        explanation: "A reader fills a field that the writer did not have with its default. One that is not a value of \
            the type is refused, or breaks the reader at the first such record. The default of a union is of its first \
            branch: Avro 1.12 allows any branch, and earlier clients refuse the schema.",
        source: "Apache Avro specification, records; org.apache.avro.Schema.isValidDefault",
    };

    /// A logical type that has no effect.
    pub const LOGICAL: Rule = Rule {
        id: "KS-V06",
        production: Error,
        development: Error,
        summary: "a logical type that has no effect",
        explanation: "Avro ignores a logical type without a word if its name is misspelt, if it annotates another type \
            or stands at the field instead of the type, or if precision and scale do not fit. Readers get the plain \
            number or bytes, and a sink writes them so.",
        source: "Apache Avro specification, logical types",
    };

    /// An attribute that Avro ignores, and that is almost one of its own.
    pub const ATTRIBUTE: Rule = Rule {
        id: "KS-V07",
        production: Error,
        development: Error,
        summary: "an attribute that is almost one of Avro's",
        explanation: "Avro keeps attributes that it does not know as properties of one's own. A misspelt `default` or \
            `aliases` therefore has no effect, which shows at the first record of an earlier version.",
        source: "Apache Avro specification, schema declaration",
    };

    /// A version that is not compatible.
    pub const INCOMPATIBLE: Rule = Rule {
        id: "KS-V08",
        production: Error,
        development: Error,
        summary: "a version that is not compatible with an earlier one",
        explanation: "The registry compares a new version with the last one, or with all of a transitive level, and \
            refuses it with 409. Producers that register it themselves stop at their first record. With BACKWARD, \
            consumers are updated first; with FORWARD, producers.",
        source: "Confluent, schema evolution and compatibility; org.apache.avro.SchemaCompatibility",
    };

    /// A level below the registry's.
    pub const WEAKER: Rule = Rule {
        id: "KS-V09",
        production: Warning,
        development: Warning,
        summary: "a compatibility level that is weaker than the registry's",
        explanation: "The level of a subject replaces that of the registry. With a weaker one, a version is accepted \
            that consumers of the topic, who rely on the registry's level, cannot read.",
        source: "Confluent, schema evolution and compatibility",
    };

    /// Subjects of one topic that contradict each other.
    pub const MIXED: Rule = Rule {
        id: "KS-V10",
        production: Error,
        development: Error,
        summary: "subjects of one topic whose records could not be told apart",
        explanation: "A serializer looks for the schema under one naming strategy, and a deserializer reads one format. \
            Two strategies or formats for the values of one topic, or two records of one full name, leave open which \
            schema a record has to follow, and one of the two is never checked.",
        source: "Confluent, subject name strategy",
    };

    /// A reference to a schema that is not there.
    pub const REFERENCE: Rule = Rule {
        id: "KS-V11",
        production: Error,
        development: Error,
        summary: "a reference to a schema that is not declared",
        explanation: "A schema can use the types of another subject's version, which has to be registered first. The \
            registry refuses a reference to a version that it does not have.",
        source: "Confluent, schema references",
    };

    /// Two versions that are the same.
    pub const SAME: Rule = Rule {
        id: "KS-V12",
        production: Error,
        development: Error,
        summary: "two versions of a subject that are the same",
        explanation: "The registry answers a schema that it has with the version that it has: a second one never comes \
            to exist, and its number would be another one in the files than in the registry.",
        source: "Confluent, Schema Registry API reference",
    };

    /// A subject that is declared twice, or whose name cannot be used.
    pub const SUBJECT: Rule = Rule {
        id: "KS-V13",
        production: Error,
        development: Error,
        summary: "a subject that is declared twice or has no name",
        explanation: "The versions of a subject are one list. Two declarations of it would each continue the other's. \
            The subject of a record has the record's full name, so the schema must be a record, an enum or a fixed.",
        source: "the contract of `Schemas`; Confluent, subject name strategy",
    };

    /// Schemas without a subject.
    pub const NONE: Rule = Rule {
        id: "KS-V14",
        production: Error,
        development: Error,
        summary: "schemas without a subject",
        explanation: "A Job that is given an empty declaration cannot tell it from one that was cut off, and fails. \
            Subjects are never deleted by leaving them out.",
        source: "the contract of `Schemas`",
    };

    /// Compatibility that is only known to the registry.
    pub const LEFT_TO_THE_REGISTRY: Rule = Rule {
        id: "KS-V15",
        production: Note,
        development: Note,
        summary: "versions whose compatibility is left to the registry",
        explanation: "The rules by which versions of JSON Schema and Protobuf are compared are the registry's own. The \
            files are read, registered and shown; the Job stops at a version that the registry refuses.",
        source: "Confluent, schema evolution and compatibility",
    };

    /// A change of what values mean that a registry does not see.
    pub const MEANING: Rule = Rule {
        id: "KS-V16",
        production: Warning,
        development: Warning,
        summary: "a change of what values mean that the registry accepts",
        explanation: "Neither registry compares logical types: milliseconds that become microseconds, or a decimal of \
            another scale, are the same long or bytes. A consumer with one version reads values of the other a \
            thousand times too large, without an error.",
        source: "org.apache.avro.SchemaCompatibility, measured in tests/schemas/changes.txt",
    };

    /// A version that does not change how records are written.
    pub const SAME_RECORDS: Rule = Rule {
        id: "KS-V17",
        production: Note,
        development: Note,
        summary: "a version that does not change how records are written",
        explanation: "The Parsing Canonical Form of a schema has all that decides how a record is written. Versions with \
            the same form differ in docs, defaults, aliases or attributes alone: producers need no update, and consumers \
            need one only for a new default or alias.",
        source: "Apache Avro specification, parsing canonical form",
    };

    /// A JSON Schema that the registry does not recognize.
    pub const NOT_RECOGNIZED: Rule = Rule {
        id: "KS-V18",
        production: Error,
        development: Error,
        summary: "a JSON Schema that Apicurio does not recognize",
        explanation: "Apicurio takes a file for a JSON Schema only if `$schema` names json-schema.org or the outermost object \
            has `properties`. It answers 422 to any other, such as `{\"type\": \"object\"}` or one with `$ref` alone, and \
            the Job fails. Confluent's registry accepts them.",
        source: "io.apicurio.registry.content.JsonSchemaContentAccepter 3.3.3, measured in tests/schemas/run",
    };

    /// A topic of Avro that has no schema.
    pub const NO_SUBJECT: Rule = Rule {
        id: "KS-V19",
        production: Error,
        development: Error,
        summary: "a topic whose applications use Avro and that has no subject",
        explanation: "A serializer of Avro looks for the subject of the topic. If there is none, it registers whatever schema \
            the application was built with, which nobody has reviewed, or fails every write where `auto.register.schemas` \
            is off. A subject of another format is refused when the first record is written.",
        source: "Confluent, schema registry serializers: `auto.register.schemas`",
    };
}
