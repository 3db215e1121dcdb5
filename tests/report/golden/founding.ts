import * as iam from 'aws-cdk-lib/aws-iam';

// inside the constructor of a stack in the account of the role:
const taskExecutionRoleName = 'FILL_IN'; // the trail does not show which execution role the task uses. aws ecs describe-task-definition --task-definition web

// identity policy of arn:aws:iam::444455556666:role/delivery/CrossAccountDeploy
const role1 = iam.Role.fromRoleArn(this, 'Trailsleuth1', "arn:aws:iam::444455556666:role/delivery/CrossAccountDeploy");
for (const statement of [
  {
    "Effect": "Allow",
    "Action": "ecs:RegisterTaskDefinition",
    "Resource": "*",
  },
  {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": [
      "arn:aws:iam::444455556666:role/WebTask",
      "arn:aws:iam::444455556666:role/" + taskExecutionRoleName,
    ],
    "Condition": {
      "StringEquals": {
        "iam:PassedToService": "ecs-tasks.amazonaws.com",
      },
    },
  },
]) {
  role1.addToPrincipalPolicy(iam.PolicyStatement.fromJson(statement));
}
