import * as iam from 'aws-cdk-lib/aws-iam';

// inside the constructor of a stack in the account of the role:

// identity policy of arn:aws:iam::532444555777:role/deploy/StackAction
const role1 = iam.Role.fromRoleArn(this, 'Trailsleuth1', "arn:aws:iam::532444555777:role/deploy/StackAction");
for (const statement of [
  {
    "Effect": "Allow",
    "Action": "kms:Decrypt",
    "Resource": "arn:aws:kms:eu-west-2:422444555777:key/0f0e0d0c-1a1b-4c1d-8e1f-202122232425",
  },
]) {
  role1.addToPrincipalPolicy(iam.PolicyStatement.fromJson(statement));
}

// resource policy of arn:aws:kms:eu-west-2:422444555777:key/0f0e0d0c-1a1b-4c1d-8e1f-202122232425
// add these statements to the document that is there:
const statements2 = [
  {
    "Effect": "Allow",
    "Principal": {
      "AWS": "arn:aws:iam::532444555777:role/deploy/StackAction",
    },
    "Action": "kms:Decrypt",
    "Resource": "*",
  },
];
