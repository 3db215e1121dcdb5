// What @cloud-copilot/iam-simulate says to requests: JSON lines in, `true`, `false` or the reason why it does not take one out. Its licence is the AGPL:
// it is run beside the project by whoever runs the bench, and is no part of it.
//   npm install @cloud-copilot/iam-simulate && NODE_PATH=node_modules node bench/cdk/judge.mjs < requests.jsonl
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
const { runSimulation } = createRequire(`${process.env.NODE_PATH}/`)("@cloud-copilot/iam-simulate");

for await (const line of createInterface({ input: process.stdin })) {
  const { principal, action, resource, account, context, document, guard } = JSON.parse(line);
  const answer = await runSimulation({
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: [{ name: "reduced", policy: { Version: "2012-10-17", Statement: document } }],
    resourcePolicy: guard ?? undefined, serviceControlPolicies: [], resourceControlPolicies: [],
  }, {});
  process.stdout.write(`${JSON.stringify(answer.errors ? answer.errors.message : (answer.overallResult ?? answer.analysis?.result) === "Allowed")}\n`);
}
