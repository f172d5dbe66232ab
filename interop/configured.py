"""A data store and a connection with one channel, in the published shape."""


def data_store(directory):
    """The sandbox's directory."""
    return {
        "type": "LDAP",
        "id": "corp",
        "name": "Corporate directory",
        "ldapType": "GENERIC",
        "hostnames": [directory["url"].removeprefix("ldap://")],
        "userDN": directory["bind_dn"],
        "password": directory["password"],
    }


def connection(sandbox, template):
    """To the sandbox, turned off; the people of one department. `template` is the id of the only connector."""
    return {
        "type": "SP",
        "id": "cloud",
        "name": "Cloud",
        "entityId": "https://cloud.example.com",
        "active": False,
        "contactInfo": {"company": "Example"},
        "outboundProvision": {
            "type": template,
            "targetSettings": [
                {"name": "DIRECTORY_BASE_URL", "value": sandbox["base_url"]},
                {"name": "API_KEY", "value": sandbox["key"]},
                {"name": "PROTECTED_ACCOUNTS", "value": "svc-cloud-admin"},
            ],
            "channels": [channel(sandbox["directory"]["base_dn"])],
        },
    }


def channel(base_dn):
    return {
        "name": "staff",
        "active": False,
        "maxThreads": 2,
        "timeout": 30,
        "channelSource": {
            "dataSource": {"id": "corp"},
            "guidAttributeName": "entryUUID",
            "guidBinary": False,
            "baseDn": f"ou=Legal,ou=people,{base_dn}",
            "changeDetectionSettings": {
                "userObjectClass": "inetOrgPerson",
                "groupObjectClass": "groupOfNames",
                "changedUsersAlgorithm": "TIMESTAMP_NO_NEGATION",
                "timeStampAttributeName": "modifyTimestamp",
            },
            "groupMembershipDetection": {"groupMemberAttributeName": "member"},
            "accountManagementSettings": {
                "accountStatusAttributeName": "pwdAccountLockedTime",
                "accountStatusAlgorithm": "ACCOUNT_STATUS_ALGORITHM_FLAG",
                "flagComparisonValue": "000001010000Z",
                "flagComparisonStatus": False,
                "defaultStatus": True,
            },
            "userSourceLocation": {"filter": "(employeeType=staff)"},
        },
        "attributeMapping": [
            mapping("userName", "uid"),
            mapping("workEmail", "mail"),
            mapping("givenName", "givenName"),
            mapping("familyName", "sn"),
        ],
    }


def mapping(field, attribute):
    return {"fieldName": field, "saasFieldInfo": {"attributeNames": [attribute]}}
