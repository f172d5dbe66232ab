//! The fields of the tabs that are plain forms.

use std::sync::LazyLock;

use crate::form::{Shape, Spec};

/// Fields under a heading.
pub(super) struct Group {
    pub(super) legend: &'static str,
    pub(super) specs: Vec<Spec>,
}

pub(super) const fn spec(
    path: &'static str,
    label: &'static str,
    shape: Shape,
    help: &'static str,
) -> Spec {
    Spec {
        path,
        label,
        shape,
        required: false,
        help,
        more: "",
    }
}

pub(super) const fn needed(spec: Spec) -> Spec {
    Spec {
        required: true,
        ..spec
    }
}

const fn more(spec: Spec, more: &'static str) -> Spec {
    Spec { more, ..spec }
}

fn group(legend: &'static str, specs: &[Spec]) -> Group {
    Group {
        legend,
        specs: specs.to_vec(),
    }
}

pub(super) static INFO: LazyLock<Vec<Group>> = LazyLock::new(|| {
    vec![group(
        "",
        &[
            needed(spec(
                "name",
                "Channel Name",
                Shape::Text,
                "What the channel is called. No other channel of this connection has the same name.",
            )),
            more(
                needed(spec(
                    "maxThreads",
                    "Max Threads",
                    Shape::Number,
                    "How many requests to the target may be under way at once: 1 to 64.",
                )),
                "More is faster until the target slows down; its own limit, and that of the policy, hold as well.",
            ),
            needed(spec(
                "timeout",
                "Timeout",
                Shape::Number,
                "Seconds for one request to the target: 1 to 3600. What takes longer counts as unknown, and is looked up before it is tried again.",
            )),
        ],
    )]
});

const DETECTION: Shape = Shape::OneOf(&[
    ("ACTIVE_DIRECTORY_USN", "Active Directory USN"),
    ("TIMESTAMP", "Timestamp"),
    ("TIMESTAMP_NO_NEGATION", "Timestamp No Negation"),
]);
const STATUS: Shape = Shape::OneOf(&[
    ("ACCOUNT_STATUS_ALGORITHM_AD", "Active Directory Bitmap"),
    ("ACCOUNT_STATUS_ALGORITHM_FLAG", "Flag"),
]);
const ACTIVE: Shape = Shape::Either("Active (true)", "Disabled (false)");

pub(super) static SETTINGS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    vec![
        group("Identity", &IDENTITY),
        group("Group Membership Detection", &MEMBERS),
        group("Change Detection", &CHANGES),
        group("Account Management", &ACCOUNTS),
    ]
});

const IDENTITY: [Spec; 2] = [
    more(
        needed(spec(
            "channelSource.guidAttributeName",
            "Entry GUID Attribute",
            Shape::Text,
            "The attribute that never changes while an entry lives. A person who is renamed or moved is recognised by it.",
        )),
        "Do not use a login name, an e-mail address or the DN here: whoever is renamed would become somebody else.",
    ),
    spec(
        "channelSource.guidBinary",
        "GUID Type",
        Shape::Either("Binary", "Text"),
        "Active Directory's objectGUID is binary; most others are text.",
    ),
];

const MEMBERS: [Spec; 2] = [
    more(
        spec(
            "channelSource.groupMembershipDetection.memberOfGroupAttributeName",
            "Member of Group Attribute",
            Shape::Text,
            "The list of groups at a person's entry, such as memberOf. Optional.",
        ),
        "Kept without effect: who is in a group is read from the group, which all directories have.",
    ),
    spec(
        "channelSource.groupMembershipDetection.groupMemberAttributeName",
        "Group Member Attribute",
        Shape::Text,
        "The list of members at a group's entry, such as member or uniqueMember.",
    ),
];

const CHANGES: [Spec; 5] = [
    needed(spec(
        "channelSource.changeDetectionSettings.userObjectClass",
        "User objectClass",
        Shape::Text,
        "Only entries of this class are people.",
    )),
    needed(spec(
        "channelSource.changeDetectionSettings.groupObjectClass",
        "Group objectClass",
        Shape::Text,
        "Only entries of this class are groups.",
    )),
    more(
        needed(spec(
            "channelSource.changeDetectionSettings.changedUsersAlgorithm",
            "Changed Users/Groups Algorithm",
            DETECTION,
            "How it is found what changed since the last look.",
        )),
        "Active Directory USN follows the update sequence number of one domain controller. Timestamp asks with a negated filter, which some directories answer slowly; Timestamp No Negation asks without one. Whatever is chosen, full reads find what a look at changes missed.",
    ),
    spec(
        "channelSource.changeDetectionSettings.usnAttributeName",
        "USN Attribute",
        Shape::Text,
        "Only for Active Directory USN, usually uSNChanged.",
    ),
    needed(spec(
        "channelSource.changeDetectionSettings.timeStampAttributeName",
        "Timestamp Attribute",
        Shape::Text,
        "The attribute with the time of the last change, usually modifyTimestamp; whenChanged in Active Directory.",
    )),
];

const ACCOUNTS: [Spec; 5] = [
    more(
        spec(
            "channelSource.accountManagementSettings.accountStatusAttributeName",
            "Account Status Attribute",
            Shape::Text,
            "The attribute that says whether an account is disabled. Left empty, everybody has the default status.",
        ),
        "Without it nobody who is disabled in the directory is disabled at the target; whoever is deleted or leaves the scope still is.",
    ),
    needed(spec(
        "channelSource.accountManagementSettings.accountStatusAlgorithm",
        "Account Status Algorithm",
        STATUS,
        "Bitmap: bit 2 of userAccountControl disables. Flag: the value is compared with the one below.",
    )),
    spec(
        "channelSource.accountManagementSettings.defaultStatus",
        "Default Status",
        ACTIVE,
        "What an account is that does not have the attribute.",
    ),
    spec(
        "channelSource.accountManagementSettings.flagComparisonValue",
        "Flag Comparison Value",
        Shape::Text,
        "Only for Flag: the value that the attribute is compared with, whatever the case.",
    ),
    more(
        spec(
            "channelSource.accountManagementSettings.flagComparisonStatus",
            "Flag Comparison Status",
            ACTIVE,
            "Only for Flag: what an account is whose attribute has that value. Another value means the opposite.",
        ),
        "For an attribute that locks, such as nsAccountLock with the value true, this is Disabled.",
    ),
];

pub(super) static LOCATION: LazyLock<Vec<Group>> = LazyLock::new(|| {
    vec![
        group(
            "",
            &[needed(spec(
                "channelSource.baseDn",
                "Base DN",
                Shape::Text,
                "Only this entry and what is below it is searched, for people and for groups.",
            ))],
        ),
        group("Users", &USERS),
        group("Groups", &GROUPS),
        group("Beside these", &BESIDE),
    ]
});

const USERS: [Spec; 3] = [
    spec(
        "channelSource.userSourceLocation.groupDN",
        "Users: Group DN",
        Shape::Text,
        "Members of this group are provisioned.",
    ),
    spec(
        "channelSource.userSourceLocation.nestedSearch",
        "Users: Nested Search",
        Shape::Flag,
        "Members of groups inside that group are provisioned too.",
    ),
    more(
        spec(
            "channelSource.userSourceLocation.filter",
            "Users: Filter",
            Shape::Text,
            "An LDAP filter that people pass who are provisioned, such as (departmentNumber=7*).",
        ),
        "A group or a filter is needed. When both are given, both must hold.",
    ),
];

const GROUPS: [Spec; 3] = [
    spec(
        "channelSource.groupSourceLocation.groupDN",
        "Groups: Group DN",
        Shape::Text,
        "The groups that are members of this group are provisioned. Optional.",
    ),
    spec(
        "channelSource.groupSourceLocation.nestedSearch",
        "Groups: Nested Search",
        Shape::Flag,
        "Groups inside those groups are provisioned too.",
    ),
    spec(
        "channelSource.groupSourceLocation.filter",
        "Groups: Filter",
        Shape::Text,
        "An LDAP filter that groups pass which are provisioned. Without a group and a filter no group is.",
    ),
];

const BESIDE: [Spec; 4] = [
    spec(
        "policy.further_group_dns",
        "Further group DNs",
        Shape::Lines,
        "Further groups whose members are provisioned, one DN on each line.",
    ),
    spec(
        "policy.exclude.dns",
        "Excluded: DNs",
        Shape::Lines,
        "Entries that are out of scope whatever the group or filter says, one DN on each line.",
    ),
    spec(
        "policy.exclude.names",
        "Excluded: names",
        Shape::Lines,
        "The same by e-mail address or user name, one on each line.",
    ),
    spec(
        "policy.exclude.filter",
        "Excluded: filter",
        Shape::Text,
        "The same by an LDAP filter.",
    ),
];
