# identity policy of arn:aws:iam::532444555777:role/deploy/StackAction
resource "aws_iam_role_policy" "trailsleuth_1" {
  name = "trailsleuth-1"
  role = "StackAction"
  policy = jsonencode({
    "Version" = "2012-10-17"
    "Statement" = [
      {
        "Effect" = "Allow"
        "Action" = "kms:Decrypt"
        "Resource" = "arn:aws:kms:eu-west-2:422444555777:key/0f0e0d0c-1a1b-4c1d-8e1f-202122232425"
      },
    ]
  })
}

# resource policy of arn:aws:kms:eu-west-2:422444555777:key/0f0e0d0c-1a1b-4c1d-8e1f-202122232425
# add these statements to the document that is there, e.g. with concat()
locals {
  trailsleuth_statements_2 = [
    {
      "Effect" = "Allow"
      "Principal" = {
        "AWS" = "arn:aws:iam::532444555777:role/deploy/StackAction"
      }
      "Action" = "kms:Decrypt"
      "Resource" = "*"
    },
  ]
}
