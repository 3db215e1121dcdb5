// Every CodePipeline action of aws-cdk-lib in a pipeline of its own, in one account and across two; the templates on stdout, one JSON object.
//   npm install aws-cdk-lib constructs && NODE_PATH=node_modules node bench/cdk/synth.js > templates.json
const cdk = require("aws-cdk-lib");
const { aws_codepipeline: cp, aws_codepipeline_actions: act, aws_iam: iam, aws_s3: s3, aws_kms: kms, aws_codebuild: cb, aws_codecommit: cc, aws_ecr: ecr } = cdk;
const { aws_codedeploy: cd, aws_ecs: ecs, aws_lambda: lambda, aws_stepfunctions: sfn, aws_sns: sns, aws_elasticloadbalancingv2: elb, aws_ec2: ec2 } = cdk;

const HOME = "310000000013", AWAY = "420000000024", REGION = "eu-west-2";
const KEY = `arn:aws:kms:${REGION}:${HOME}:key/0a1b2c3d-1111-4222-8333-944445555666`;
const file = (a) => a.src.atPath("template.yml");
const stackset = { accounts: act.StackInstances.inAccounts([HOME], [REGION]), units: act.StackInstances.inOrganizationalUnits(["ou-wxyz-22334455"], [REGION]) };

// name: (scope of the resources, artifacts, what every action is given) => the action
const ACTIONS = {
  CfnCreateUpdate: (s, a, o) => new act.CloudFormationCreateUpdateStackAction({ ...o, stackName: "shop", templatePath: file(a), adminPermissions: true }),
  CfnReplaceOnFailure: (s, a, o) => new act.CloudFormationCreateUpdateStackAction({ ...o, stackName: "shop", templatePath: file(a), adminPermissions: true, replaceOnFailure: true }),
  CfnOutput: (s, a, o) => new act.CloudFormationCreateUpdateStackAction({ ...o, stackName: "shop", templatePath: file(a), adminPermissions: true, output: a.out, outputFileName: "o.json" }),
  CfnChangeSet: (s, a, o) => new act.CloudFormationCreateReplaceChangeSetAction({ ...o, stackName: "shop", changeSetName: "next", templatePath: file(a), adminPermissions: true }),
  CfnExecute: (s, a, o) => new act.CloudFormationExecuteChangeSetAction({ ...o, stackName: "shop", changeSetName: "next" }),
  CfnDelete: (s, a, o) => new act.CloudFormationDeleteStackAction({ ...o, stackName: "shop", adminPermissions: true }),
  StackSetSelf: (s, a, o) => new act.CloudFormationDeployStackSetAction({ ...o, stackSetName: "base", template: act.StackSetTemplate.fromArtifactPath(file(a)), stackInstances: stackset.accounts }),
  StackSetOrg: (s, a, o) => new act.CloudFormationDeployStackSetAction({ ...o, stackSetName: "base", template: act.StackSetTemplate.fromArtifactPath(file(a)), stackInstances: stackset.units, deploymentModel: act.StackSetDeploymentModel.organizations() }),
  StackInstances: (s, a, o) => new act.CloudFormationDeployStackInstancesAction({ ...o, stackSetName: "base", stackInstances: stackset.accounts }),
  Build: (s, a, o) => new act.CodeBuildAction({ ...o, project: cb.Project.fromProjectName(s, "P", "compile"), input: a.src, outputs: [a.out] }),
  BuildBatch: (s, a, o) => new act.CodeBuildAction({ ...o, project: cb.Project.fromProjectName(s, "P", "compile"), input: a.src, outputs: [a.out], executeBatchBuild: true }),
  Test: (s, a, o) => new act.CodeBuildAction({ ...o, project: cb.Project.fromProjectName(s, "P", "compile"), input: a.src, type: act.CodeBuildActionType.TEST }),
  CodeCommit: (s, a, o) => new act.CodeCommitSourceAction({ ...o, repository: cc.Repository.fromRepositoryName(s, "R", "storefront"), output: a.out, trigger: act.CodeCommitTrigger.NONE }),
  CodeCommitClone: (s, a, o) => new act.CodeCommitSourceAction({ ...o, repository: cc.Repository.fromRepositoryName(s, "R", "storefront"), output: a.out, codeBuildCloneOutput: true, trigger: act.CodeCommitTrigger.NONE }),
  Connection: (s, a, o) => new act.CodeStarConnectionsSourceAction({ ...o, connectionArn: `arn:aws:codestar-connections:${REGION}:${HOME}:connection/0a1b2c3d`, owner: "acme", repo: "shop", output: a.out }),
  EcrSource: (s, a, o) => new act.EcrSourceAction({ ...o, repository: ecr.Repository.fromRepositoryName(s, "R", "images"), output: a.out }),
  S3Source: (s, a, o) => new act.S3SourceAction({ ...o, bucket: s3.Bucket.fromBucketName(s, "B", "incoming-zips"), bucketKey: "app.zip", output: a.out, trigger: act.S3Trigger.NONE }),
  S3Deploy: (s, a, o) => new act.S3DeployAction({ ...o, bucket: s3.Bucket.fromBucketName(s, "B", "site-files"), input: a.src }),
  S3DeployAclKey: (s, a, o) => new act.S3DeployAction({ ...o, bucket: s3.Bucket.fromBucketName(s, "B", "site-files"), input: a.src, extract: false, objectKey: "site.zip", accessControl: s3.BucketAccessControl.PUBLIC_READ, encryptionKey: kms.Key.fromKeyArn(s, "K", KEY.replace("0a1b", "9f8e")) }),
  CodeDeployServer: (s, a, o) => new act.CodeDeployServerDeployAction({ ...o, input: a.src, deploymentGroup: cd.ServerDeploymentGroup.fromServerDeploymentGroupAttributes(s, "D", { application: cd.ServerApplication.fromServerApplicationName(s, "A", "till"), deploymentGroupName: "fleet" }) }),
  CodeDeployEcs: (s, a, o) => new act.CodeDeployEcsDeployAction({ ...o, taskDefinitionTemplateInput: a.src, appSpecTemplateInput: a.src, deploymentGroup: cd.EcsDeploymentGroup.fromEcsDeploymentGroupAttributes(s, "D", { application: cd.EcsApplication.fromEcsApplicationName(s, "A", "till"), deploymentGroupName: "fleet" }) }),
  Ecs: (s, a, o) => new act.EcsDeployAction({ ...o, input: a.src, service: ecs.FargateService.fromFargateServiceAttributes(s, "S", { cluster: ecs.Cluster.fromClusterAttributes(s, "C", { clusterName: "main", vpc: ec2.Vpc.fromVpcAttributes(s, "V", { vpcId: "vpc-1", availabilityZones: ["a"] }), securityGroups: [] }), serviceName: "till" }) }),
  Commands: (s, a, o) => new act.CommandsAction({ ...o, input: a.src, commands: ["make"] }),
  CommandsOut: (s, a, o) => new act.CommandsAction({ ...o, input: a.src, commands: ["make"], output: a.files, outputVariables: ["AWS_DEFAULT_REGION"] }),
  Ec2: (s, a, o) => new act.Ec2DeployAction({ ...o, input: a.src, instanceType: act.Ec2InstanceType.EC2, instanceTagKey: "app", instanceTagValue: "till", deploySpecifications: act.Ec2DeploySpecifications.inline({ targetDirectory: "/srv", postScript: "go.sh" }) }),
  Ec2Targets: (s, a, o) => new act.Ec2DeployAction({ ...o, input: a.src, instanceType: act.Ec2InstanceType.EC2, instanceTagKey: "app", instanceTagValue: "till", deploySpecifications: act.Ec2DeploySpecifications.inline({ targetDirectory: "/srv", postScript: "go.sh" }), targetGroups: [elb.ApplicationTargetGroup.fromTargetGroupAttributes(s, "T", { targetGroupArn: `arn:aws:elasticloadbalancing:${REGION}:${HOME}:targetgroup/till/0011223344556677` })] }),
  Ec2Managed: (s, a, o) => new act.Ec2DeployAction({ ...o, input: a.src, instanceType: act.Ec2InstanceType.SSM_MANAGED_NODE, instanceTagKey: "app", deploySpecifications: act.Ec2DeploySpecifications.inline({ targetDirectory: "/srv", postScript: "go.sh" }) }),
  EcrPublish: (s, a, o) => new act.EcrBuildAndPublishAction({ ...o, repositoryName: "images", input: a.src }),
  EcrPublishPublic: (s, a, o) => new act.EcrBuildAndPublishAction({ ...o, repositoryName: "images", registryType: act.RegistryType.PUBLIC, input: a.src }),
  InspectorSource: (s, a, o) => new act.InspectorSourceCodeScanAction({ ...o, input: a.src, output: a.out }),
  InspectorImage: (s, a, o) => new act.InspectorEcrImageScanAction({ ...o, repository: ecr.Repository.fromRepositoryName(s, "R", "images"), output: a.out }),
  Lambda: (s, a, o) => new act.LambdaInvokeAction({ ...o, lambda: lambda.Function.fromFunctionArn(s, "F", `arn:aws:lambda:${REGION}:${s.account}:function:check`) }),
  LambdaArtifacts: (s, a, o) => new act.LambdaInvokeAction({ ...o, inputs: [a.src], outputs: [a.out], lambda: lambda.Function.fromFunctionArn(s, "F", `arn:aws:lambda:${REGION}:${s.account}:function:check`) }),
  StepFunctions: (s, a, o) => new act.StepFunctionInvokeAction({ ...o, stateMachine: sfn.StateMachine.fromStateMachineArn(s, "M", `arn:aws:states:${REGION}:${s.account}:stateMachine:check`), stateMachineInput: act.StateMachineInput.filePath(file(a)) }),
  StepFunctionsLiteral: (s, a, o) => new act.StepFunctionInvokeAction({ ...o, stateMachine: sfn.StateMachine.fromStateMachineArn(s, "M", `arn:aws:states:${REGION}:${s.account}:stateMachine:check`), stateMachineInput: act.StateMachineInput.literal({ a: 1 }), output: a.out, executionNamePrefix: "run" }),
  Pipeline: (s, a, o) => new act.PipelineInvokeAction({ ...o, targetPipeline: cp.Pipeline.fromPipelineArn(s, "T", `arn:aws:codepipeline:${REGION}:${s.account}:downstream`) }),
  Approval: (s, a, o) => new act.ManualApprovalAction({ ...o, notificationTopic: sns.Topic.fromTopicArn(s, "T", `arn:aws:sns:${REGION}:${s.account}:approvals`) }),
  Beanstalk: (s, a, o) => new act.ElasticBeanstalkDeployAction({ ...o, input: a.src, applicationName: "till", environmentName: "till-live" }),
  ServiceCatalog: (s, a, o) => new act.ServiceCatalogDeployActionBeta1({ ...o, templatePath: file(a), productVersionName: "v1", productId: "prod-abcd1234" }),
};

function synthesized(name, make, across) {
  const app = new cdk.App({ outdir: `${require("os").tmpdir()}/cdk-out-${process.pid}/${name}${across ? "-across" : ""}` });
  const home = new cdk.Stack(app, "home", { env: { account: HOME, region: REGION } });
  const away = across ? new cdk.Stack(app, "away", { env: { account: AWAY, region: REGION } }) : home;
  const bucket = new s3.Bucket(home, "Artifacts", { bucketName: "artifacts-of-shop", encryptionKey: new kms.Key(home, "Key"), enforceSSL: true });
  const pipeline = new cp.Pipeline(home, "Pipe", { pipelineName: `shop-${name.toLowerCase()}`, pipelineType: cp.PipelineType.V2, artifactBucket: bucket });
  const a = { src: new cp.Artifact("src"), out: new cp.Artifact("out"), files: new cp.Artifact("files", ["bin"]) };
  const role = across ? new iam.Role(away, "ActionRole", { roleName: cdk.PhysicalName.GENERATE_IF_NEEDED, assumedBy: new iam.AccountPrincipal(HOME) }) : undefined;
  const made = make(away, a, { actionName: "Failing", role });
  const source = made.actionProperties.category === "Source";
  const first = new act.S3SourceAction({ actionName: "Code", bucket: s3.Bucket.fromBucketName(home, "In", "incoming"), bucketKey: "k.zip", output: a.src, trigger: act.S3Trigger.NONE });
  pipeline.addStage({ stageName: "Source", actions: source ? [made] : [first] });
  pipeline.addStage({ stageName: "Do", actions: source ? [new act.ManualApprovalAction({ actionName: "Look" })] : [made] });
  return app.synth().stacks.map((s) => ({ account: s.environment.account, region: s.environment.region, template: s.template }));
}

const found = { version: require("aws-cdk-lib/package.json").version, pipelines: {} };
for (const [name, make] of Object.entries(ACTIONS))
  for (const across of [false, true]) {
    try {
      found.pipelines[name + (across ? "-across" : "")] = synthesized(name, make, across);
    } catch (error) {
      console.error(`${name}${across ? "-across" : ""}: ${error.message}`);
    }
  }
process.stdout.write(JSON.stringify(found));
