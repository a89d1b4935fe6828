// What AWS would decide (@cloud-copilot/iam-simulate): a line of JSON with a request and policies → its decision.
const readline = require("node:readline");
const { runSimulation } = require("@cloud-copilot/iam-simulate");

async function decided(line) {
  const { principal, action, resource, account, context, identity, bucket } = JSON.parse(line);
  const found = await runSimulation(
    {
      request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
      identityPolicies: [{ name: "own", policy: identity }],
      resourcePolicy: bucket,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  return found.resultType === "error" ? JSON.stringify(found.errors) : found.overallResult;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${await decided(line)}\n`);
  }
})();
