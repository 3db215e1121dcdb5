"""The answers of the test server, one function an operation."""

from __future__ import annotations

import fnmatch
import json
import re
from datetime import UTC, datetime
from urllib.parse import quote

from tests.live.state import AccountState, Refused


def answer(state: AccountState, service: str, operation: str, region: str, asked: dict, arn: str, assumable: dict):
    function = OPERATIONS.get((service, operation))
    if function is None:
        raise Refused("InvalidAction", f"{service}:{operation} is unknown here")
    if operation == "AssumeRole":
        return _find(assumable, asked["RoleArn"], "AccessDenied", 403)
    return function(state, region, asked) if operation != "GetCallerIdentity" else {"UserId": "AIDA", "Account": state.id, "Arn": arn}


def _pipeline(state, region, name):
    found = state.pipelines.get((region, name))
    if found is None:
        raise Refused("PipelineNotFoundException", f"no pipeline {name}")
    return found


def get_pipeline(state, region, asked):
    definitions = _pipeline(state, region, asked["name"])["definitions"]
    version = asked.get("version") or max(definitions)
    return {"pipeline": definitions[version], "metadata": {"pipelineArn": f"arn:aws:codepipeline:{region}:{state.id}:{asked['name']}"}}


def list_pipeline_executions(state, region, asked):
    return {"pipelineExecutionSummaries": _pipeline(state, region, asked["pipelineName"])["runs"]}


def list_action_executions(state, region, asked):
    actions = _pipeline(state, region, asked["pipelineName"])["actions"]
    wanted = asked.get("filter", {}).get("pipelineExecutionId")
    found = [action for action in actions if wanted in (None, action["pipelineExecutionId"])]
    if wanted and not found:
        raise Refused("PipelineExecutionNotFoundException")
    at, size = int(asked.get("nextToken", "0")), 1
    page = {"actionExecutionDetails": found[at : at + size]}
    return {**page, "nextToken": str(at + size)} if at + size < len(found) else page


def get_pipeline_execution(state, region, asked):
    pipeline = _pipeline(state, region, asked["pipelineName"])
    for run in pipeline["runs"]:
        if run["pipelineExecutionId"] == asked["pipelineExecutionId"]:
            return {"pipelineExecution": {"pipelineName": asked["pipelineName"], "pipelineVersion": run["version"], **_without(run, "version")}}
    raise Refused("PipelineExecutionNotFoundException")


def list_pipelines(state, region, asked):
    return {"pipelines": [{"name": name} for place, name in state.pipelines if place == region]}


def get_deployment(state, region, asked):
    return {"deploymentInfo": _find(state.deployments, asked["deploymentId"], "DeploymentDoesNotExistException")}


def get_deployment_group(state, region, asked):
    return {"deploymentGroupInfo": _find(state.groups, asked["deploymentGroupName"], "DeploymentGroupDoesNotExistException")}


def lookup_events(state, region, asked):
    return state.histories[region].lookup(asked)


def describe_trails(state, region, asked):
    return {"trailList": [trail["trail"] for trail in state.trails]}


def get_event_selectors(state, region, asked):
    for trail in state.trails:
        if asked["TrailName"] in (trail["trail"]["TrailARN"], trail["trail"]["Name"]):
            return {"TrailARN": trail["trail"]["TrailARN"], **trail["selectors"]}
    raise Refused("TrailNotFoundException")


def _role(state, asked):
    return _find(state.roles, asked["RoleName"], "NoSuchEntity", 404)


def get_role(state, region, asked):
    return {"Role": _role(state, asked)["role"]}


def list_role_policies(state, region, asked):
    names = sorted(_role(state, asked)["inline"])
    at = int(asked.get("Marker", "0"))
    page = {"PolicyNames": names[at : at + 1], "IsTruncated": at + 1 < len(names)}
    return {**page, "Marker": str(at + 1)} if page["IsTruncated"] else page


def get_role_policy(state, region, asked):
    document = _find(_role(state, asked)["inline"], asked["PolicyName"], "NoSuchEntity", 404)
    return {"RoleName": asked["RoleName"], "PolicyName": asked["PolicyName"], "PolicyDocument": quote(json.dumps(document))}


def list_attached_role_policies(state, region, asked):
    attached = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in _role(state, asked)["attached"]]
    return {"AttachedPolicies": attached, "IsTruncated": False}


def _user(state, asked):
    return _find(state.users, asked["UserName"], "NoSuchEntity", 404)


def get_user(state, region, asked):
    return {"User": _user(state, asked)["user"]}


def list_groups_for_user(state, region, asked):
    groups = [{"GroupName": name, "GroupId": "AGPA0", "Path": "/", "Arn": f"arn:aws:iam::{state.id}:group/{name}"} for name in _user(state, asked)["groups"]]
    return {"Groups": groups, "IsTruncated": False}


def _policies_of(table, name):
    def listed(state, region, asked):
        return {"PolicyNames": sorted(_find(getattr(state, table), asked[name], "NoSuchEntity", 404)["inline"]), "IsTruncated": False}

    def inline(state, region, asked):
        documents = _find(getattr(state, table), asked[name], "NoSuchEntity", 404)["inline"]
        document = _find(documents, asked["PolicyName"], "NoSuchEntity", 404)
        return {name: asked[name], "PolicyName": asked["PolicyName"], "PolicyDocument": quote(json.dumps(document))}

    def attached(state, region, asked):
        _find(getattr(state, table), asked[name], "NoSuchEntity", 404)
        return {"AttachedPolicies": [], "IsTruncated": False}

    return listed, inline, attached


def get_policy(state, region, asked):
    _find(state.managed, asked["PolicyArn"], "NoSuchEntity", 404)
    return {
        "Policy": {"PolicyName": asked["PolicyArn"].rpartition("/")[2], "PolicyId": "ANPA0", "Arn": asked["PolicyArn"], "Path": "/", "DefaultVersionId": "v2"}
    }


def get_policy_version(state, region, asked):
    document = _find(state.managed, asked["PolicyArn"], "NoSuchEntity", 404)
    return {"PolicyVersion": {"Document": quote(json.dumps(document)), "VersionId": asked["VersionId"], "IsDefaultVersion": True}}


def get_key_policy(state, region, asked):
    return {"Policy": json.dumps(_find(state.keys, asked["KeyId"], "NotFoundException")), "PolicyName": "default"}


def describe_key(state, region, asked):
    arn = _find(state.aliases, asked["KeyId"].rpartition(":")[2], "NotFoundException")
    return {"KeyMetadata": {"KeyId": arn.rpartition("/")[2], "Arn": arn}}


def decode_authorization_message(state, region, asked):
    if asked["EncodedMessage"] not in state.decoded:
        raise Refused("InvalidAuthorizationMessageException")
    return {"DecodedMessage": state.decoded[asked["EncodedMessage"]]}


def get_request_authorization_details(state, region, asked):
    """A list is the pages of one answer; a pair names the Region that alone has it."""
    found = _find(state.details, asked["authorizationId"], "ResourceNotFoundException", 404)
    if isinstance(found, tuple):
        found = _find({found[0]: found[1]}, region, "ResourceNotFoundException", 404)
    if isinstance(found, list):
        at = int(asked.get("nextToken", "0"))
        return {**found[at], **({"nextToken": str(at + 1)} if at + 1 < len(found) else {})}
    return found


def get_request_authorization_policy(state, region, asked):
    document = _find(state.evaluated, (asked["authorizationId"], asked["policyUri"]), "ResourceNotFoundException", 404)
    return {"policyDocument": document}


def _organization(state):
    if state.organization is None:
        raise Refused("AccessDeniedException")
    return state.organization


def list_parents(state, region, asked):
    parent = _organization(state)["parents"].get(asked["ChildId"])
    return {"Parents": [{"Id": parent[0], "Type": parent[1]}] if parent else []}


def list_policies_for_target(state, region, asked):
    organization = _organization(state)
    if asked["TargetId"] in organization.get("outside", ()):
        raise Refused("TargetNotFoundException")
    found = [organization["policies"][identifier] for identifier in organization["attached"].get(asked["TargetId"], [])]
    return {"Policies": [policy["PolicySummary"] for policy in found if policy["PolicySummary"]["Type"] == asked["Filter"]]}


def describe_policy(state, region, asked):
    return {"Policy": _find(_organization(state)["policies"], asked["PolicyId"], "PolicyNotFoundException")}


def get_bucket_policy(state, region, asked):
    policy = _find(state.buckets, asked["Bucket"], "NoSuchBucket", 404)
    if policy is None:
        raise Refused("NoSuchBucketPolicy", status=404)
    return json.dumps(policy).encode()


def get_object(state, region, asked):
    return _find(state.objects.get(asked["Bucket"], {}), asked["Key"], "NoSuchKey", 404)


def list_objects(state, region, asked):
    keys = sorted(_find(state.objects, asked["Bucket"], "AccessDenied", 403))
    prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
    below = [key for key in keys if key.startswith(prefix)]
    folders = sorted({prefix + key[len(prefix) :].split(delimiter)[0] + delimiter for key in below if delimiter and delimiter in key[len(prefix) :]})
    files = [key for key in below if not (delimiter and delimiter in key[len(prefix) :])]
    return {
        "Name": asked["Bucket"],
        "Prefix": prefix,
        "IsTruncated": False,
        "Contents": [{"Key": key} for key in files],
        "CommonPrefixes": [{"Prefix": f} for f in folders],
    }


def _find(table, name, code, status=400):
    if name not in table:
        raise Refused(code, f"no {name}", status)
    return table[name]


def _without(row, *names):
    return {key: value for key, value in row.items() if key not in names}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def start_athena(state, region, asked):
    state.queries.asked.append(asked)
    return {"QueryExecutionId": "00000000-1111-2222-3333-444455556666"}


def look_at_athena(state, region, asked):
    name, reason = state.queries.state()
    status = {"State": name, "StateChangeReason": reason}
    return {
        "QueryExecution": {
            "QueryExecutionId": "00000000-1111-2222-3333-444455556666",
            "Status": status,
            "Statistics": {"DataScannedInBytes": state.queries.scanned},
        }
    }


def athena_rows(state, region, asked):
    rows, more = state.queries.part(asked.get("NextToken"))
    columns = state.queries.columns
    cells = [[{"VarCharValue": row[name]} if row.get(name) is not None else {} for name in columns] for row in rows]
    header = [] if asked.get("NextToken") else [[{"VarCharValue": name} for name in columns]]
    info = [{"Name": name, "Type": "varchar"} for name in columns]
    return {"ResultSet": {"Rows": [{"Data": data} for data in (*header, *cells)], "ResultSetMetadata": {"ColumnInfo": info}}, **more}


def stop_query(state, region, asked):
    state.queries.stopped.append(asked)
    return {"QueryId": "00000000-1111-2222-3333-444455556666", "QueryStatus": "CANCELLED"}


def start_lake(state, region, asked):
    state.queries.asked.append(asked)
    return {"QueryId": "00000000-1111-2222-3333-444455556666"}


def look_at_lake(state, region, asked):
    name, reason = state.queries.state()
    return {
        "QueryId": "00000000-1111-2222-3333-444455556666",
        "QueryStatus": name,
        "ErrorMessage": reason,
        "QueryStatistics": {"BytesScanned": state.queries.scanned},
    }


def lake_rows(state, region, asked):
    rows, more = state.queries.part(asked.get("NextToken"))
    return {"QueryStatus": "FINISHED", "QueryResultRows": [[{name: value} for name, value in row.items()] for row in rows], **more}


def _things(state, region, kind):
    return state.things[region].setdefault(kind, {})


def describe_stack_events(state, region, asked):
    events = _find(_things(state, region, "stacks"), asked["StackName"], "ValidationError")["events"]
    at = int(asked.get("NextToken", "0"))
    return {"StackEvents": events[at : at + 2], **({"NextToken": str(at + 2)} if at + 2 < len(events) else {})}


def describe_stacks(state, region, asked):
    return {"Stacks": [_find(_things(state, region, "stacks"), asked["StackName"], "ValidationError")["stack"]]}


def list_builds(state, region, asked):
    builds = _things(state, region, "builds").values()
    found = [build["id"] for build in builds if build["projectName"] == asked["projectName"]]
    return {"ids": found} if found else _find({}, asked["projectName"], "ResourceNotFoundException")


def batch_get_builds(state, region, asked):
    builds = _things(state, region, "builds")
    return {"builds": [builds[one] for one in asked["ids"] if one in builds], "buildsNotFound": [one for one in asked["ids"] if one not in builds]}


def _listed(kind, member):
    def listed(state, region, asked):
        known = _things(state, region, kind)
        found = {name.rpartition("/")[2]: one for name, one in known.items()}
        wanted = [name.rpartition("/")[2] for name in asked[member]]
        return {member: [found[name] for name in wanted if name in found], "failures": [{"reason": "MISSING", "arn": n} for n in wanted if n not in found]}

    return listed


def list_tasks(state, region, asked):
    stopped = [one for one in _things(state, region, "tasks").values() if one.get("group") == f"service:{asked.get('serviceName')}"]
    return {"taskArns": [one["taskArn"] for one in stopped]}


def _one(kind, name, member, code, status=400):
    def one(state, region, asked):
        found = _find(_things(state, region, kind), asked[name], code, status)
        return {member: found} if member else found

    return one


def list_executions(state, region, asked):
    _find(_things(state, region, "machines"), asked["stateMachineArn"], "StateMachineDoesNotExist")
    runs = _things(state, region, "executions").values()
    found = [one for one in runs if one["stateMachineArn"] == asked["stateMachineArn"] and one["status"] == asked["statusFilter"]]
    return {"executions": [{name: one[name] for name in ("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate")} for one in found][:1]}


def describe_vpc_endpoints(state, region, asked):
    wanted = [value for name, value in asked.items() if name.startswith("VpcEndpointId.")]
    return {"vpcEndpointSet": [_find(state.endpoints, name, "InvalidVpcEndpointId.NotFound") for name in wanted or state.endpoints]}


def _group(state, name):
    return _find(state.log_groups, name, "ResourceNotFoundException")


def filter_log_events(state, region, asked):
    """The pattern as the service reads it, as far as the product writes it: members compared with texts that may end or begin with a star, joined by or."""
    group = _group(state, asked["logGroupIdentifier"])
    assert len(asked["filterPattern"]) <= 1024
    wanted = re.findall(r'\(\$\.([\w.]+) = "([^"]*)"\)', asked["filterPattern"])
    found = [message for at, message in group.events if asked["startTime"] <= at <= asked["endTime"] and any(_fits(message, *one) for one in wanted)]
    at = int(asked.get("nextToken", "0"))
    page = {"events": [{"message": message} for message in found[at : at + group.page]], "searchedLogStreams": []}
    return {**page, "nextToken": str(at + group.page)} if at + group.page < len(found) else page


def _fits(message, path, text):
    value = _member(message, path)
    return isinstance(value, str) and re.fullmatch(".*".join(map(re.escape, text.split("*"))), value, re.DOTALL) is not None


def _member(message, path):
    value = json.loads(message) if message.endswith("}") else None
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def start_logs_query(state, region, asked):
    group = _group(state, asked["logGroupIdentifiers"][0])
    assert len(asked["queryString"]) <= 10_000
    identifier = f"query-{len(group.queries)}"
    group.queries[identifier] = asked
    return {"queryId": identifier}


def logs_query_results(state, region, asked):
    group = next(group for group in state.log_groups.values() if asked["queryId"] in group.queries)
    status = group.states.pop(0) if group.states else "Complete"
    if status != "Complete":
        return {"status": status, "results": [], "statistics": {"bytesScanned": 0.0}}
    query = group.queries[asked["queryId"]]
    window = [message for at, message in group.events if query["startTime"] * 1000 <= at <= query["endTime"] * 1000 + 999]
    found = [message for message in window if _selected(message, query["queryString"])][: min(query["limit"], group.limit or query["limit"])]
    at = int(asked.get("nextToken", "0"))
    rows = [[{"field": "@message", "value": message}, {"field": "@ptr", "value": "p"}] for message in found[at : at + group.page]]
    more = {"nextToken": str(at + group.page)} if at + group.page < len(found) else {}
    return {"status": status, "results": rows, "statistics": {"bytesScanned": float(sum(map(len, window)))}, **more}


def _selected(message, query):
    """The conditions of the filter, as far as the product writes them."""
    condition = query.partition("| filter ")[2]
    for path, pattern in re.findall(r"(@?[\w.]+) like /((?:[^/\\]|\\.)*)/", condition):
        value = message if path == "@message" else _member(message, path)
        if isinstance(value, str) and re.search(pattern.replace(r"\/", "/"), value):
            return True
    listed = re.search(r"eventName in \[(.*)\]", condition)
    return bool(listed) and _member(message, "eventName") in re.findall(r'"([^"]+)"', listed[1])


def stop_logs_query(state, region, asked):
    for group in state.log_groups.values():
        if asked["queryId"] in group.queries:
            group.stopped.append(asked["queryId"])
    return {"success": True}


def simulate_custom_policy(state, region, asked):
    """A small engine of its own: patterns of actions and resources, no conditions; every level of the organization and the boundary must allow."""
    state.simulated.append(asked)
    listed = _lists(asked)
    sets = [listed.get("PolicyInputList", []), *([listed["PermissionsBoundaryPolicyInputList"]] if "PermissionsBoundaryPolicyInputList" in listed else [])]
    sets += [documents for name, documents in sorted(listed.items()) if name.startswith("OrderedOrganizationPolicyInputList.")]
    results = []
    for action in listed["ActionNames"]:
        effects = [_effects(documents, action, (listed.get("ResourceArns") or ["*"])[0]) for documents in sets]
        denied = "explicitDeny" if any("Deny" in found for found in effects) else "implicitDeny"
        decision = "allowed" if all(found == {"Allow"} for found in effects) else denied
        results.append({"EvalActionName": action, "EvalResourceName": "*", "EvalDecision": decision, "MissingContextValues": []})
    return {"EvaluationResults": results, "IsTruncated": False}


def _lists(asked):
    """`Name.member.1` of the query protocol as lists; those of a level under the level's own name."""
    found = {}
    for name, value in asked.items():
        head, _, tail = name.rpartition(".member.")
        if tail.isdigit():
            found.setdefault(head, []).append(value)
    return found


def _effects(documents, action, resource):
    def fits(patterns, text):
        listed = [patterns] if isinstance(patterns, str) else patterns
        return any(fnmatch.fnmatchcase(text.lower(), pattern.lower()) for pattern in listed)

    statements = [statement for document in documents for statement in json.loads(document)["Statement"]]
    return {one["Effect"] for one in statements if fits(one.get("Action", []), action) and (resource == "*" or fits(one.get("Resource", "*"), resource))}


OPERATIONS = {
    ("iam", "SimulateCustomPolicy"): simulate_custom_policy,
    ("logs", "FilterLogEvents"): filter_log_events,
    ("logs", "StartQuery"): start_logs_query,
    ("logs", "GetQueryResults"): logs_query_results,
    ("logs", "StopQuery"): stop_logs_query,
    ("ec2", "DescribeVpcEndpoints"): describe_vpc_endpoints,
    ("cloudformation", "DescribeStackEvents"): describe_stack_events,
    ("cloudformation", "DescribeStacks"): describe_stacks,
    ("codebuild", "ListBuildsForProject"): list_builds,
    ("codebuild", "BatchGetBuilds"): batch_get_builds,
    ("ecs", "DescribeServices"): _listed("services", "services"),
    ("ecs", "ListTasks"): list_tasks,
    ("ecs", "DescribeTasks"): _listed("tasks", "tasks"),
    ("ecs", "DescribeTaskDefinition"): _one("definitions", "taskDefinition", "taskDefinition", "ClientException"),
    ("lambda", "GetFunctionConfiguration"): _one("functions", "FunctionName", "", "ResourceNotFoundException", 404),
    ("stepfunctions", "ListExecutions"): list_executions,
    ("stepfunctions", "DescribeExecution"): _one("executions", "executionArn", "", "ExecutionDoesNotExist"),
    ("stepfunctions", "DescribeStateMachine"): _one("machines", "stateMachineArn", "", "StateMachineDoesNotExist"),
    ("athena", "StartQueryExecution"): start_athena,
    ("athena", "GetQueryExecution"): look_at_athena,
    ("athena", "GetQueryResults"): athena_rows,
    ("athena", "StopQueryExecution"): stop_query,
    ("cloudtrail", "StartQuery"): start_lake,
    ("cloudtrail", "DescribeQuery"): look_at_lake,
    ("cloudtrail", "GetQueryResults"): lake_rows,
    ("cloudtrail", "CancelQuery"): stop_query,
    ("sts", "GetCallerIdentity"): None,
    ("codepipeline", "GetPipeline"): get_pipeline,
    ("codepipeline", "ListPipelineExecutions"): list_pipeline_executions,
    ("codepipeline", "ListActionExecutions"): list_action_executions,
    ("codepipeline", "GetPipelineExecution"): get_pipeline_execution,
    ("codepipeline", "ListPipelines"): list_pipelines,
    ("codedeploy", "GetDeployment"): get_deployment,
    ("codedeploy", "GetDeploymentGroup"): get_deployment_group,
    ("cloudtrail", "LookupEvents"): lookup_events,
    ("cloudtrail", "DescribeTrails"): describe_trails,
    ("cloudtrail", "GetEventSelectors"): get_event_selectors,
    ("iam", "GetRole"): get_role,
    ("iam", "ListRolePolicies"): list_role_policies,
    ("iam", "GetRolePolicy"): get_role_policy,
    ("iam", "ListAttachedRolePolicies"): list_attached_role_policies,
    ("iam", "GetPolicy"): get_policy,
    ("iam", "GetPolicyVersion"): get_policy_version,
    ("kms", "GetKeyPolicy"): get_key_policy,
    ("kms", "DescribeKey"): describe_key,
    ("sts", "DecodeAuthorizationMessage"): decode_authorization_message,
    ("iam-toolbox", "GetRequestAuthorizationDetails"): get_request_authorization_details,
    ("iam-toolbox", "GetRequestAuthorizationPolicy"): get_request_authorization_policy,
    ("organizations", "ListParents"): list_parents,
    ("organizations", "ListPoliciesForTarget"): list_policies_for_target,
    ("organizations", "DescribePolicy"): describe_policy,
    ("s3", "GetBucketPolicy"): get_bucket_policy,
    ("s3", "GetObject"): get_object,
    ("s3", "ListObjectsV2"): list_objects,
}
for _kind, _table in (("User", "users"), ("Group", "iam_groups")):
    _names = (f"List{_kind}Policies", f"Get{_kind}Policy", f"ListAttached{_kind}Policies")
    OPERATIONS.update(zip((("iam", _name) for _name in _names), _policies_of(_table, f"{_kind}Name"), strict=True))
OPERATIONS["iam", "GetUser"] = get_user
OPERATIONS["iam", "ListGroupsForUser"] = list_groups_for_user
OPERATIONS["sts", "GetCallerIdentity"] = OPERATIONS["sts", "AssumeRole"] = lambda *_: None
