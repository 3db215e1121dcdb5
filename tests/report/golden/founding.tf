variable "task_execution_role_name" {
  type        = string
  description = "the trail does not show which execution role the task uses. aws ecs describe-task-definition --task-definition web"
}

# identity policy of arn:aws:iam::444455556666:role/delivery/CrossAccountDeploy
resource "aws_iam_role_policy" "trailsleuth_1" {
  name = "trailsleuth-1"
  role = "CrossAccountDeploy"
  policy = jsonencode({
    "Version" = "2012-10-17"
    "Statement" = [
      {
        "Effect" = "Allow"
        "Action" = "ecs:RegisterTaskDefinition"
        "Resource" = "*"
      },
      {
        "Effect" = "Allow"
        "Action" = "iam:PassRole"
        "Resource" = [
          "arn:aws:iam::444455556666:role/WebTask",
          "arn:aws:iam::444455556666:role/${var.task_execution_role_name}",
        ]
        "Condition" = {
          "StringEquals" = {
            "iam:PassedToService" = "ecs-tasks.amazonaws.com"
          }
        }
      },
    ]
  })
}
