# the trail does not show which execution role the task uses. aws ecs describe-task-definition --task-definition web
task_execution_role_name='FILL_IN'

# identity policy of arn:aws:iam::444455556666:role/delivery/CrossAccountDeploy
aws iam put-role-policy --role-name CrossAccountDeploy --policy-name trailsleuth-1 --policy-document '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecs:RegisterTaskDefinition", "Resource": "*"}, {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ["arn:aws:iam::444455556666:role/WebTask", "arn:aws:iam::444455556666:role/'"$task_execution_role_name"'"], "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}]}'
