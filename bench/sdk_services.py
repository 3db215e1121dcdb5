"""Writes trailsleuth/catalog/data/sdk_services.json from the API models of the installed botocore: run `python -m bench.sdk_services`.

Error texts name a service as its SDK does ("Elastic Load Balancing v2", "AWSSecurityTokenService"); the table gives the IAM prefix of each such name
that is no prefix itself. `EXTRA` has names of older SDKs (Java v1's clients) that no model carries.
"""

from __future__ import annotations

import json
import re

import botocore

from bench.mapping import models
from trailsleuth.catalog.actions import prefixes
from trailsleuth.catalog.client_words import plain_service
from trailsleuth.catalog.load import DATA
from trailsleuth.catalog.services import prefix_of

TARGET = DATA / "sdk_services.json"
EXTRA = {
    "datacatalog": "glue",
    "simplesystemsmanagement": "ssm",
    "identitymanagement": "iam",
    "stepfunctions": "states",
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "simpleemailservice": "ses",
    "elasticmapreduce": "elasticmapreduce",
    "servicediscovery": "servicediscovery",
    "cognitoidentityprovider": "cognito-idp",
    "elasticbeanstalk": "elasticbeanstalk",
    "dynamodbstreams": "dynamodb",
    "s3control": "s3",
}


def names() -> dict[str, str]:
    """Plain names that are no prefix, and the prefix of each."""
    table = dict(EXTRA)
    for source, model in models():
        prefix = prefix_of(source)
        words = (model.service_name, *(model.metadata.get(key, "") for key in ("serviceId", "serviceFullName", "serviceAbbreviation", "endpointPrefix")))
        for name in map(plain_service, words):
            if name and prefix in prefixes() and name not in prefixes() and re.sub(r"v\d$", "", name) != prefix:
                table.setdefault(name, prefix)
    return table


def main() -> None:
    """Writes the table anew."""
    TARGET.write_text(json.dumps({"botocore": botocore.__version__, "names": dict(sorted(names().items()))}, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
