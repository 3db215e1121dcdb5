import * as iam from 'aws-cdk-lib/aws-iam';

// inside the constructor of a stack in the account of the role:

// service control policy (SCP) of arn:aws:organizations::209000000209:policy/o-q1w2e3r4t5/service_control_policy/p-lj4un7ho
// take out, or narrow:
const remove1 = [
  {
    "policy": "CostCenter",
    "statement": {
      "Effect": "Deny",
      "Action": "ec2:RunInstances",
      "Resource": "arn:aws:ec2:*:*:instance/*",
      "Condition": {
        "Null": {
          "aws:RequestTag/CostCenter": "true",
        },
      },
      "Sid": "NeedsCostCenter",
    },
    "request_change": "make the request so that the condition does not hold (Null aws:RequestTag/CostCenter true); then the Deny does not apply",
    "instead": {
      "Effect": "Deny",
      "Action": "ec2:RunInstances",
      "Resource": "arn:aws:ec2:*:*:instance/*",
      "Condition": {
        "Null": {
          "aws:RequestTag/CostCenter": "true",
        },
        "ArnNotEquals": {
          "aws:PrincipalArn": "arn:aws:iam::641000000033:role/ci/ImageBaker",
        },
      },
      "Sid": "NeedsCostCenter",
    },
  },
];
