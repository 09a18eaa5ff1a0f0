"""Whether a ZIP file is a Workflow Run Crate, says the validator: python tests/ro_crate/validate.py crate.zip"""

import sys
from importlib.resources import files

import requests
from rocrate_validator import services
from rocrate_validator.utils.http import HttpRequester


def vocabulary(_requester, url, **_options):
    """The one page that is asked for, from a package in place of the network."""
    answer = requests.Response()
    answer.status_code = 404
    if url == "https://w3id.org/ro/crate/1.1/context":
        answer.status_code = 200
        answer.headers["Content-Type"] = "application/ld+json"
        answer._content = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
    return answer


HttpRequester.get = vocabulary
level = sys.argv[2] if len(sys.argv) > 2 else "REQUIRED"
result = services.validate(
    {"rocrate_uri": sys.argv[1], "profile_identifier": "workflow-run-crate-0.5", "requirement_severity": level}
)
for issue in result.get_issues():
    print(f"{issue.check.identifier}: {issue.violatingEntity}: {issue.message}")
print(f"{len(result.executed_checks)} checks, {len(result.get_issues())} complaints")
sys.exit(result.has_issues())
